//! The app folder and its headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enfilade_demo::{AppOptions, Options};
use reqwest::StatusCode;
use sha2::{Digest, Sha256};

use crate::kept::Scratch;
use crate::support::world_with;

#[tokio::test]
async fn an_app_is_served_with_strict_headers_and_lasting_assets() {
    let scratch = Scratch::new();
    let script = "import init from './app.js';\ninit();";
    let html = format!(
        "<!doctype html><html><head><script type=\"module\">{script}</script></head></html>"
    );
    std::fs::write(scratch.0.join("index.html"), &html).unwrap();
    std::fs::write(scratch.0.join("app-0f3a91c2d4e5b6a7_bg.wasm"), b"\0asm").unwrap();
    std::fs::write(scratch.0.join("app-0f3a91c2d4e5b6a7_bg.wasm.br"), b"small").unwrap();
    let app = Some(AppOptions {
        folder: scratch.0.clone(),
        port: 0,
    });
    let world = world_with(Options {
        app,
        ..Options::default()
    })
    .await;
    let base = world.running.app.clone().unwrap();
    let get = async |path: &str| {
        world
            .client
            .get(format!("{base}{path}"))
            .send()
            .await
            .unwrap()
    };

    for path in ["/", "/room/harbor/echo", "/auth/callback/f1"] {
        let page = get(path).await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        assert_eq!(page.headers()["cache-control"], "no-cache");
        let policy = page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        let hash = STANDARD.encode(Sha256::digest(script));
        assert!(
            policy.contains(&format!(
                "script-src 'self' 'wasm-unsafe-eval' 'sha256-{hash}'"
            )),
            "{policy}"
        );
        assert!(
            policy.contains("connect-src 'self' https: http://127.0.0.1:* http://localhost:*"),
            "{policy}"
        );
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        assert_eq!(page.headers()["referrer-policy"], "no-referrer");
        assert_eq!(page.text().await.unwrap(), html);
    }
    let wasm = get("/app-0f3a91c2d4e5b6a7_bg.wasm").await;
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert_eq!(
        wasm.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    let url = format!("{base}/app-0f3a91c2d4e5b6a7_bg.wasm");
    let packed = world
        .client
        .get(url)
        .header("accept-encoding", "gzip, br")
        .send()
        .await
        .unwrap();
    assert_eq!(packed.headers()["content-encoding"], "br");
    assert_eq!(packed.headers()["content-type"], "application/wasm");
    assert_eq!(packed.text().await.unwrap(), "small");

    for path in [
        "/missing.js",
        "/api/login",
        "/messages/status.json",
        "/../../etc/passwd.txt",
    ] {
        let missing = get(path).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(missing.headers()["cache-control"], "no-cache", "{path}");
    }
    let config: serde_json::Value = get("/config.json").await.json().await.unwrap();
    assert_eq!(
        config["servers"][0],
        serde_json::json!({ "address": world.harbor(), "name": "Harbor" })
    );
    assert_eq!(config["servers"].as_array().unwrap().len(), 3);
}
