"""Everything of the console stands below its site."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("", admin.site.urls)]
