// What the pages do beyond HTML. Everything here is a convenience: without it each page works by reload.
(function () {
  "use strict";

  document.documentElement.classList.add("js");

  // One press is one request: a second press while the first is under way does nothing.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.classList.add("sent");
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form.sent").forEach(function (form) {
      delete form.dataset.sent;
      form.classList.remove("sent");
    });
  });

  // The link for the owner: through the phone's own sheet, otherwise into the clipboard.
  function share(button) {
    var link = button.dataset.share;
    if (navigator.share) {
      navigator.share({ title: button.dataset.title, text: button.dataset.title, url: link }).catch(function () {});
      return;
    }
    var field = document.getElementById("link");
    field.select();
    var copied = navigator.clipboard ? navigator.clipboard.writeText(link) : Promise.resolve(document.execCommand("copy"));
    copied.then(function () {
      button.textContent = button.dataset.copied;
    });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-share]");
    if (button) {
      share(button);
    }
  });

  function prepare() {
    document.querySelectorAll("[data-share][hidden]").forEach(function (button) {
      button.hidden = false;
    });
  }
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:afterSettle", prepare);
})();
