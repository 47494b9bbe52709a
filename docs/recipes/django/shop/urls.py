"""The addresses of the shop."""

from django.urls import path

from shop.views import Order, delivery

ORDER = "customers/<uuid:account>/orders/<str:order>"

urlpatterns = [
    path(ORDER, Order.as_view()),
    path(f"{ORDER}/delivery", delivery),
]
