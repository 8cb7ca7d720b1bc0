"""Every route of the application, as tests look at it: who may open it, and what is asked anew."""

from __future__ import annotations

from app.web import api, fhir
from app.web.access import ANYONE, PageAccess
from app.web.routes import ROUTES


def _list_access() -> dict[str, PageAccess]:
    found = {}
    for route in [*ROUTES, *api.router.routes, *fhir.router.routes]:
        (method,) = route.methods - {"HEAD"}
        key = f"{method} {route.path}"
        found[key] = getattr(route.endpoint, "access", PageAccess(key, ANYONE))
    return found


ACCESS = _list_access()
PERMISSIONS_BY_ROUTE = {
    "GET /api/v1/openapi.json": ANYONE,
    **{key: access.permission for key, access in ACCESS.items()},
}
