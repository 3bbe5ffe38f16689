//! Threads and messages.

use serde_json::{Value, json};

use super::support::lantern;

fn message(id: &str, sender: &str, content: &str, second: u8) -> Value {
    json!({"id": id, "content": content, "type": "text", "sender": sender, "createdAt": format!("2030-01-01T00:00:0{second}Z")})
}

#[tokio::test]
async fn a_message_that_is_appended_twice_is_there_twice() {
    let core = lantern().await;
    let thread = core.thread().await;
    let append = "openhuman.threads_message_append";
    for _ in 0..2 {
        let params = json!({"thread_id": thread, "message": message("m1", "user", "hello", 1)});
        assert_eq!(core.call(append, params).await["extraMetadata"], json!({}));
    }
    let list = "openhuman.threads_messages_list";
    let messages = core.call(list, json!({"thread_id": thread})).await;
    assert_eq!(messages["count"], 2);
    assert_eq!(messages["messages"][1]["content"], "hello");
    assert_eq!(
        core.call(list, json!({"thread_id": "nope"})).await,
        json!({"messages": [], "count": 0})
    );
    let params = json!({"thread_id": "nope", "message": message("m1", "user", "x", 1)});
    assert_eq!(
        core.fault(append, params).await,
        "thread nope does not exist"
    );
    let half = json!({"thread_id": thread, "message": {"id": "m2"}});
    assert!(
        core.fault(append, half)
            .await
            .starts_with("invalid params: missing field")
    );
    let update = "openhuman.threads_message_update";
    let params = json!({"thread_id": thread, "message_id": "m1", "extra_metadata": {"a": 1}});
    assert_eq!(core.call(update, params).await["extraMetadata"]["a"], 1);
    let params = json!({"thread_id": thread, "message_id": "m9"});
    assert_eq!(
        core.fault(update, params).await,
        format!("message m9 not found in thread {thread}")
    );
}

#[tokio::test]
async fn threads_come_newest_first_and_only_made_up_titles_are_replaced() {
    let core = lantern().await;
    let (first, second) = (core.thread().await, core.thread().await);
    let append = async |thread: &str, second: u8| {
        let params = json!({"thread_id": thread, "message": message("m", "user", "long 2 where do all the old doors lead to", second)});
        core.call("openhuman.threads_message_append", params).await;
    };
    append(&second, 1).await;
    append(&first, 2).await;
    let list = core.call("openhuman.threads_list", json!({})).await;
    assert_eq!(list["threads"][0]["id"], json!(first));
    assert_eq!(list["threads"][0]["messageCount"], 1);
    assert_eq!(list["threads"][0]["labels"], json!(["work"]));
    assert!(
        list["threads"][0]["title"]
            .as_str()
            .unwrap()
            .starts_with("Chat ")
    );

    let title = "openhuman.threads_generate_title";
    let named = core
        .call(
            title,
            json!({"thread_id": first, "assistant_message": "To rooms."}),
        )
        .await;
    assert_eq!(named["title"], "where do all the old doors");
    let params = json!({"id": first, "title": "Doors", "created_at": "2000-01-01T00:00:00Z"});
    let renamed = core.call("openhuman.threads_upsert", params).await;
    assert_eq!(renamed["title"], "Doors");
    assert_ne!(renamed["createdAt"], "2000-01-01T00:00:00Z");
    assert_eq!(
        core.call(title, json!({"thread_id": first})).await["title"],
        "Doors"
    );
    assert_eq!(
        core.fault(title, json!({"thread_id": "x"})).await,
        "thread x not found"
    );

    let delete = "openhuman.threads_delete";
    let params = json!({"thread_id": first, "deleted_at": "2030-01-01T00:00:00Z"});
    assert_eq!(
        core.call(delete, params.clone()).await,
        json!({"deleted": true})
    );
    assert_eq!(core.call(delete, params).await, json!({"deleted": false}));
    let purged = core.call("openhuman.threads_purge", json!({})).await;
    assert_eq!(purged["agentThreadsDeleted"], 1);
}

#[tokio::test]
async fn the_threads_of_nobody_are_gone_after_the_first_sign_in_and_users_have_their_own() {
    let core = lantern().await;
    core.thread().await;
    let store = async |name: &str| {
        let params = json!({"token": format!("demo-{name}")});
        core.call("openhuman.auth_store_session", params).await;
    };
    let count = async || core.call("openhuman.threads_list", json!({})).await["count"].clone();
    store("Ann").await;
    assert_eq!(count().await, 0);
    core.thread().await;
    store("Bob").await;
    assert_eq!(count().await, 0);
    store("Ann").await;
    assert_eq!(count().await, 1);
    core.call("openhuman.auth_clear_session", json!({})).await;
    assert_eq!(count().await, 0);
}
