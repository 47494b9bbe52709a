"""Say what went wrong, in words of HTTP."""

import logging
import math

from fastapi import Request
from fastapi.responses import JSONResponse
from wixreseller import errors

log = logging.getLogger("uvicorn.shop")


async def refuse(request: Request, error: errors.WixResellerError) -> JSONResponse:
    """Answer with what is known: sold perhaps, surely not sold, or refused by Wix."""
    match error:
        case errors.OutcomeUnknownError():
            # It was sent, and may have been sold. To try again blindly might sell it
            # twice, so say where to look. Whoever orders again under the same id is
            # safe: `ensure` looks as well.
            body = {"order": error.external_id, "states": ["UNKNOWN"]}
            there = {"Location": request.url.path, "Retry-After": "10"}
            return JSONResponse(body, 202, there)
        case errors.PacingError() | errors.RateLimitError():
            # The shop is faster than Wix allows. A PacingError never left this machine.
            seconds = str(math.ceil(error.retry_after or 60))
            return JSONResponse({"detail": "busy"}, 503, {"Retry-After": seconds})
        case errors.TransportError():
            return JSONResponse(
                {"detail": "no order was sent"}, 503, {"Retry-After": "5"}
            )
        case errors.ConfigurationError():  # an order id that Wix would refuse
            return JSONResponse({"detail": str(error)}, 400)
        case errors.ExternalIdConflictError():
            return JSONResponse({"detail": list(error.differences)}, 409)
        case errors.FailedPreconditionError():
            return JSONResponse({"detail": error.code}, 422)
        case _:
            # All that Wix's support asks for, and no secret.
            log.error("%s", error.support_text())
            return JSONResponse({"detail": "Wix did not do it"}, 502)
