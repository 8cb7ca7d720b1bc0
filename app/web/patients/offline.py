"""What a browser keeps for when the network is gone.

The service worker (static/worker.js) asks for it without the cookie, so that it holds no answer.
"""

from starlette.requests import Request
from starlette.responses import Response

from app.web.page_cache import render_cached_page


async def show_offline(request: Request) -> Response:
    """GET /offline: whom to call, the signs, and a way to try again."""
    return render_cached_page(request, "patient/offline.html")
