"""All of the console's paths are its site's."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("", admin.site.urls)]
