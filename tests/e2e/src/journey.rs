//! The frame of a journey: a browser of its own, evidence when it fails, an end in any case.

use std::future::Future;

use crate::browser::Browser;
use crate::failure::{Failure, Outcome};

/// Runs `steps` in a fresh browser and fails the test with what went wrong. `name` is the test's name.
pub async fn journey<F, Steps>(name: &str, steps: F) -> Outcome<()>
where
    F: FnOnce(Browser) -> Steps,
    Steps: Future<Output = Outcome<()>> + Send + 'static,
{
    let browser = Browser::start().await?;
    // In a task of its own, so that a panic, too, leaves evidence and ends the browser.
    let outcome = match tokio::spawn(steps(browser.clone())).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Failure::new(format!("the journey broke off: {panic}"))),
    };
    if outcome.is_err() {
        browser.keep_evidence(name).await;
    }
    let quit = browser.quit().await;
    outcome.and(quit)
}

/// Tells why a journey does not apply here.
pub fn not_here(name: &str, why: &str) -> Outcome<()> {
    println!("{name}: not here ({why})");
    Ok(())
}
