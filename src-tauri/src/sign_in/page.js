// Hands what the sign-in put into the address over to the app that opened this page, and takes it out of the address.
const { pathname, search, hash } = location;
history.replaceState(null, "", pathname);

function say(title, text) {
  document.getElementById("title").textContent = title;
  document.getElementById("text").textContent = text;
  document.title = title;
}

async function handOver() {
  if (!search && !hash) {
    say("Nothing to hand over", "This page was opened without a sign-in. Go back to Enfilade and choose Sign in there.");
    return;
  }
  try {
    const answer = await fetch(pathname + "/answer", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: search, fragment: hash }),
    });
    if (!answer.ok) throw new Error(answer.status);
    say("Back to Enfilade", "Enfilade has taken over from here. You can close this page.");
  } catch {
    say("Enfilade was not reached", "It may have been closed, or this sign-in took more than ten minutes. Nothing is lost: go back to Enfilade and choose Sign in again.");
  }
}

handOver();
