// Before the first paint, so that a chosen theme does not flash in after the other one.
(function () {
  var theme = null;
  try {
    var record = JSON.parse(localStorage.getItem("enfilade/settings"));
    theme = record && record.data && record.data.theme;
  } catch (_) {
    // Storage refused or unreadable: the system theme is right, and the app itself tells the person.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
