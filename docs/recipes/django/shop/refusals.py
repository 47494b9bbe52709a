"""Say what went wrong, in words of HTTP, for sync and async views alike."""

import logging
import math

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from wixreseller import errors

log = logging.getLogger("django.shop")


class Refusals(MiddlewareMixin):
    """Answer with what is known: sold perhaps, surely not sold, or refused by Wix."""

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Give the answer; `None` leaves an error that is not of Wix to Django."""
        match error:
            case errors.OutcomeUnknownError():
                # It was sent, and may have been sold. To try again blindly might sell
                # it twice, so say where to look.
                body = {"order": error.external_id, "states": ["UNKNOWN"]}
                there = {"Location": request.path, "Retry-After": "10"}
                return JsonResponse(body, status=202, headers=there)
            case errors.PacingError() | errors.RateLimitError():
                seconds = str(math.ceil(error.retry_after or 60))
                return problem(503, "busy", {"Retry-After": seconds})
            case errors.TransportError():
                return problem(503, "no order was sent", {"Retry-After": "5"})
            case errors.ConfigurationError():  # an order id that Wix would refuse
                return problem(400, str(error))
            case errors.ExternalIdConflictError():
                return problem(409, "; ".join(error.differences))
            case errors.FailedPreconditionError():
                return problem(422, error.code or error.message)
            case errors.WixResellerError():
                log.error("%s", error.support_text())  # no secret is in it
                return problem(502, "Wix did not do it")
            case _:
                return None


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    """Make an answer."""
    return JsonResponse({"detail": detail}, status=status, headers=headers)
