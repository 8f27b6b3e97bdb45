// WeChat's payment sheet. The answer counts for nothing: the page asks the server what became of it.
(function () {
  "use strict";

  function openSheet(button) {
    if (window.WeixinJSBridge) {
      window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.wechat), function () {});
    } else if (button.dataset.sandbox) {
      window.location.href = button.dataset.sandbox;
    }
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-wechat]");
    if (button) {
      openSheet(button);
    }
  });

  // Once for each payment, also after a reload or on coming back from it.
  function isFirstTime(sheet) {
    var id = JSON.parse(sheet.dataset.wechat)["package"];
    try {
      if (sessionStorage.getItem("sheet") === id) {
        return false;
      }
      sessionStorage.setItem("sheet", id);
    } catch (error) {
      return false;
    }
    return true;
  }

  function prepare() {
    var sheet = document.querySelector("[data-wechat]");
    if (sheet && (window.WeixinJSBridge || sheet.dataset.sandbox) && isFirstTime(sheet)) {
      openSheet(sheet);
    }
  }
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("WeixinJSBridgeReady", prepare);
  document.addEventListener("htmx:afterSettle", prepare);
})();
