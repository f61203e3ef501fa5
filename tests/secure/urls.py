"""Kibitz's own addresses, and the door."""

from django.urls import path

from comments import urls
from tests.secure.door import DoorView

handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500
urlpatterns = [path("api/v1/sites/<str:site>/door/", DoorView.as_view()), *urls.urlpatterns]
