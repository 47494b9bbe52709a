"""Order from the command line, `python order.py ORDER_ID`, as the shop would."""

import sys

from tasks import sell

CUSTOMER = "a0000000-0000-4000-8000-000000000002"

(order_id,) = sys.argv[1:]
print(order_id, "is", sell.delay(order_id, CUSTOMER, "basic").get(timeout=60))
