//! What arrives at a server, and over which connections.

use super::*;

#[tokio::test]
async fn each_api_gets_its_own_headers() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let client = github(&base);
    client.reader().get(&target().query("per_page", 100)).await.unwrap();
    client.put(&target(), &json!({"a": "é"})).await.unwrap();
    let [get, put] = log.requests().try_into().unwrap();
    assert!(get.starts_with("GET /repos/o/r?per_page=100 HTTP/1.1\r\n"), "{get}");
    assert_eq!(header(&get, "user-agent").unwrap(), concat!("gatectl/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header(&get, "accept").unwrap(), "application/vnd.github+json");
    assert_eq!(header(&get, "x-github-api-version").unwrap(), "2022-11-28");
    assert_eq!(header(&get, "authorization").unwrap(), format!("Bearer {CANARY}"));
    assert_eq!(header(&put, "content-type").unwrap(), "application/json");
    assert!(put.ends_with("\r\n\r\n{\"a\":\"é\"}"), "{put}");

    let (base, log) = start([Act::json(200, "{}")]).await;
    let client = heroku(&base);
    client.patch(&Target::new(["apps", "a", "config-vars"]), &json!({"K": null})).await.unwrap();
    client.reader().get(&Target::new(["account"])).await.unwrap();
    let [patch, get] = log.requests().try_into().unwrap();
    assert_eq!(header(&patch, "accept").unwrap(), "application/vnd.heroku+json; version=3");
    assert_eq!(header(&patch, "x-github-api-version"), None);
    assert!(patch.ends_with("\r\n\r\n{\"K\":null}"), "{patch}");
    let id = |request: &str| header(request, "request-id").unwrap().parse::<uuid::Uuid>().unwrap();
    assert_ne!(id(&patch), id(&get));
}

#[tokio::test]
async fn a_path_prefix_and_odd_names_arrive_as_they_are() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    for name in ["a/b", "..", "%2F", "é", "a b?c", "api"] {
        github(&format!("{base}/api/v3/")).reader().get(&Target::new(["api", name])).await.unwrap();
        let request = log.requests().pop().unwrap();
        assert!(request.starts_with(&format!("GET /api/v3{} HTTP/1.1\r\n", Target::new(["api", name]))), "{request}");
    }
}

#[tokio::test]
async fn writes_go_one_by_one_and_reads_together() {
    let slow = Act::Drip("HTTP/1.1 200 OK\r\n\r\n{}".to_owned());
    let (listener, address, log) = listen([slow]).await;
    let base = format!("http://{address}");
    // How many connections are open at once, at most.
    let peak = Arc::new(Mutex::new((0, 0)));
    let counted = Arc::clone(&peak);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (log, counted) = (log.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                {
                    let mut count = counted.lock().unwrap();
                    count.0 += 1;
                    count.1 = count.1.max(count.0);
                }
                log.serve(stream).await;
                counted.lock().unwrap().0 -= 1;
            });
        }
    });
    let stack = Stack::new(Settings { parallelism: 3, ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let (target, body) = (target(), json!({}));
    let (a, b, c) = tokio::join!(client.put(&target, &body), client.patch(&target, &body), client.delete(&target));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(std::mem::take(&mut *peak.lock().unwrap()).1, 1);
    let get = || client.reader().get(&target);
    let all = tokio::join!(get(), get(), get(), get(), get(), get());
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok() && all.3.is_ok() && all.4.is_ok() && all.5.is_ok());
    assert_eq!(peak.lock().unwrap().1, 3, "as many as the setting allows");
    assert_eq!((stack.traffic().reads(), stack.traffic().writes()), (6, 3));
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let stack = Stack::new(settings());
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    for _ in 0..5 {
        client.reader().get(&target()).await.unwrap();
        client.put(&target(), &json!({})).await.unwrap();
    }
    assert_eq!((log.requests().len(), stack.traffic().connections), (10, 1));
}
