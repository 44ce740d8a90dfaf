"""Errors outside the API's own views: an address under /api/ that is not there answers in the API's shape."""

from django.http import HttpRequest, JsonResponse


def no_such_api(request: HttpRequest) -> JsonResponse:
    """404 as JSON; a page elsewhere is Django's own business and our templates/404.html."""
    detail = "There is no such address."
    return JsonResponse({"success": False, "error": detail, "code": "not_found"}, status=404)
