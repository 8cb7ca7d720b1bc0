#!/bin/sh
# Authlib 1.9.10 (PyPI) with oidc-provider 9.13.3 (npm): the first refresh of a sign-in fails.
#
# A client that is made with the scopes it wants, as its documentation shows, sends these scopes
# again with refresh_token(). OpenID Connect (Core 1.0, section 11) has a provider ignore
# offline_access where the person was not asked for consent, so the grant holds fewer scopes than
# were asked for, and OAuth 2.0 (RFC 6749, section 6) forbids to name at a refresh what was not
# granted. So a sign-in that worked, with a refresh token in hand, ends at its first refresh:
#
#   granted: openid
#   refresh by the client that knows its scopes: invalid_scope
#   refresh by a client without scopes: a new token
#
# What we do: the client that refreshes is made without scopes.
# Needs python3, node, npm and their registries; everything stays in a temporary folder.
set -eu

folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python >/dev/null
python/bin/python -m pip install --quiet authlib==1.9.10 httpx==0.28.1
npm init --yes >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts oidc-provider@9.13.3 >/dev/null

cat > provider.mjs <<'JS'
import Provider from "oidc-provider";
const port = 45871;
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "client",
    client_secret: "of-a-client-that-exists-nowhere",
    redirect_uris: ["https://client.example/return"],
    grant_types: ["authorization_code", "refresh_token"],
  }],
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: { devInteractions: { enabled: false } },
  issueRefreshToken: async () => true,
  interactions: { url: (ctx, found) => `/interaction/${found.uid}` },
  cookies: { keys: ["one"] },
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const grant = new provider.Grant({ accountId: "someone", clientId: params.client_id });
  grant.addOIDCScope("openid offline_access");
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: "someone" }, consent });
  ctx.respond = false;
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
JS
node provider.mjs > ready.txt 2>/dev/null &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  grep -q ready ready.txt && break
  sleep 0.5
done

cat > client.py <<'PY'
import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client

ISSUER, BACK = "http://127.0.0.1:45871", "https://client.example/return"
KNOWN = ("client", "of-a-client-that-exists-nowhere")


def client(scope):
    return OAuth2Client(*KNOWN, scope=scope, redirect_uri=BACK, code_challenge_method="S256")


def sign_in():
    mine, verifier = client("openid offline_access"), "v" * 48
    address, _ = mine.create_authorization_url(f"{ISSUER}/auth", code_verifier=verifier)
    with httpx.Client() as browser:
        while not address.startswith(BACK):
            answer = browser.get(address)
            address = str(answer.url.join(answer.headers["location"]))
    code = httpx.URL(address).params["code"]
    token = mine.fetch_token(
        f"{ISSUER}/token", grant_type="authorization_code", code=code, code_verifier=verifier
    )
    return mine, token


def refresh(by, token):
    try:
        by.refresh_token(f"{ISSUER}/token", refresh_token=token["refresh_token"])
    except AuthlibBaseError as refused:
        return refused.error
    return "a new token"


mine, token = sign_in()
print("granted:", token["scope"])
print("refresh by the client that knows its scopes:", refresh(mine, token))
print("refresh by a client without scopes:", refresh(client(None), sign_in()[1]))
PY
python/bin/python client.py > seen.txt
cat seen.txt
cat > expected.txt <<'TXT'
granted: openid
refresh by the client that knows its scopes: invalid_scope
refresh by a client without scopes: a new token
TXT
cmp -s seen.txt expected.txt || { echo "It behaves otherwise now."; exit 1; }
