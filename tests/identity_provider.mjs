// A real identity provider on this machine: node identity_provider.mjs PORT RETURN_ADDRESS
// Whoever comes is signed in as the person that /control names, with these groups.
import Provider from "oidc-provider";

const [port, back] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const person = { user: "kim", groups: ["ward-nurses"], name: "Kim Lee", refuses: false };

const provider = new Provider(issuer, {
  clients: [{
    client_id: "check",
    client_secret: "a-secret-of-the-test-that-opens-nothing",
    redirect_uris: [back],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  }],
  findAccount: (ctx, id) => (id === person.user && !person.refuses
    ? {
      accountId: id,
      claims: () => ({ sub: id, name: person.name, email: `${id}@hospital.example`, groups: person.groups }),
    }
    : undefined),
  claims: { openid: ["sub", "groups"], profile: ["name"], email: ["email"] },
  scopes: ["openid", "profile", "email", "offline_access"],
  features: { devInteractions: { enabled: false } },
  issueRefreshToken: async () => true,
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  cookies: { keys: ["of the test"] },
  jwks: undefined,
});

provider.use(async (ctx, next) => {
  if (ctx.path === "/control") {
    Object.assign(person, JSON.parse(ctx.query.person));
    ctx.body = "ok";
    return;
  }
  if (!ctx.path.startsWith("/interaction/")) {
    await next();
    return;
  }
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const grant = new provider.Grant({ accountId: person.user, clientId: params.client_id });
  grant.addOIDCScope("openid profile email offline_access");
  const result = person.refuses
    ? { error: "access_denied" }
    : { login: { accountId: person.user }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(ctx.req, ctx.res, result);
  ctx.respond = false;
});

provider.listen(port, "127.0.0.1", () => process.stdout.write("ready\n"));
