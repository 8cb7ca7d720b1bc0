"""What every way in for staff shares: where a role begins, and how a browser is called."""

from app.store.permissions import role_allows

_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_MACHINES = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "Linux": "Linux",
}
_HOMES = (("see_worklist", "/worklist"), ("see_staff", "/staff"))
"""Where someone begins: the first page that they may open."""


def find_home_address(role: str) -> str:
    """The page on which this role begins."""
    return next((path for permission, path in _HOMES if role_allows(role, permission)), "/account")


def describe_browser(agent: str) -> str:
    """The browser and its machine in a few fixed words, so that its owner knows it again."""
    found = [
        next((name for mark, name in names.items() if mark in agent), "")
        for names in (_BROWSERS, _MACHINES)
    ]
    return ", ".join(filter(None, found))
