"""Errors outside the API's own views: an address that is not there answers in the shape of its part of the site."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """JSON under /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        detail = "There is no such address."
        return JsonResponse({"success": False, "error": detail, "code": "not_found"}, status=404)
    return page_not_found(request, exception)
