"""The files that pages need: every sheet of ours is served, in order, and without our comments."""

import re

from starlette.testclient import TestClient

from app.settings import ROOT
from app.web.assets import _BUNDLES, bundle_assets
from tests.visitor import Visitor

STATIC = ROOT / "static"
FOR_STAFF = "staff.css"
OF_STAFF = _BUNDLES[FOR_STAFF]


def sheet():
    """The one style sheet that pages get."""
    assets = bundle_assets(STATIC)
    return assets.by_address[assets.addresses["site.css"]].plain.decode()


def first_rule_of(name):
    """The first line of a sheet that is no comment."""
    plain = re.sub(r"/\*.*?\*/\s*", "", (STATIC / name).read_text(), flags=re.DOTALL)
    return plain.splitlines()[0] + "\n" + plain.splitlines()[1]


def test_every_sheet_of_ours_is_served_between_the_tokens_and_print():
    served = sheet()
    ours = sorted(path.name for path in STATIC.glob("*.css") if path.name not in OF_STAFF)
    places = {name: served.index(first_rule_of(name)) for name in ours}
    order = sorted(places, key=places.get)
    assert order[0] == "tokens.css"
    assert order[-1] == "print.css"
    assert served.index("@layer vendor") < places["tokens.css"]


def test_what_only_staff_see_is_a_sheet_of_its_own_that_no_patient_pays_for():
    assets = bundle_assets(STATIC)
    own = assets.by_address[assets.addresses[FOR_STAFF]].plain.decode()
    for name in OF_STAFF:
        assert first_rule_of(name) in own
        assert first_rule_of(name) not in sheet()


def test_our_comments_stay_with_us():
    served = sheet()
    assert "/* Our colours as tokens" in (STATIC / "tokens.css").read_text()
    assert "Our colours as tokens" not in served
    vendor = (STATIC / "vendor" / "nhsuk.css").read_text(encoding="utf-8-sig")
    assert vendor in served


def test_nothing_moves_that_nobody_asked_to_move():
    for path in STATIC.glob("*.css"):
        moving = re.findall(
            r"^\s*(?:animation|transition)[\w-]*:.*", path.read_text(), re.MULTILINE
        )
        assert moving == [], path.name


def test_a_page_on_which_people_begin_holds_its_first_styles_and_the_next_ones_do_not(app):
    first = bundle_assets(STATIC).first_sight
    for address in ("/", "/learn", "/learn/fingers", "/learn/words"):
        client = TestClient(app)
        page = client.get(address)
        nonce = re.search(r"style-src 'self' 'nonce-([\w-]+)'", str(page.headers))[1]
        assert f'<style nonce="{nonce}">{first}</style>' in page.text, address
        head, _, behind = page.text.partition("</head>")
        assert 'rel="stylesheet"' not in head, address
        assert behind.count('rel="stylesheet"') == 1, address
        within = client.get(address, headers={"HX-Request": "true"}).text
        assert "<style" not in within, address
    visitor = Visitor(app)
    visitor.begin()
    assert "<style" not in visitor.client.get("/").text
