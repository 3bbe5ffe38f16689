// The answers to three commands of the keychain are replaced on their way into the page.
(() => {
  const value = VALUE;
  const spoiled = /^(ipc:\/\/localhost|https?:\/\/ipc\.localhost)\/(store|load|clear)_refresh_token$/;
  const real = window.fetch;
  window.fetch = (input, init) =>
    spoiled.test(String(input))
      ? Promise.resolve({
          headers: { get: (name) => (name === "Tauri-Response" ? "ok" : "application/json") },
          json: () => Promise.resolve(value),
        })
      : real.call(window, input, init);
})();
