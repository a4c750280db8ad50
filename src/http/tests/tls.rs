//! TLS, HTTP/2 and proxies.

use rustls::RootCertStore;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::server::read_request;
use super::*;

/// A server for `localhost` with a certificate of its own, and the store that trusts it.
fn identity() -> (rustls::ServerConfig, RootCertStore) {
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(identity.cert.der().clone()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key)
        .unwrap();
    (config, roots)
}

async fn start_tls(acts: impl IntoIterator<Item = Act>) -> (u16, Log, RootCertStore) {
    let (listener, address, log) = listen(acts).await;
    let (config, roots) = identity();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let memory = log.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, log) = (acceptor.clone(), log.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    log.serve(stream).await;
                }
            });
        }
    });
    (address.port(), memory, roots)
}

fn client(base: &str, settings: Settings) -> (Stack, Writer) {
    let stack = Stack::new(settings);
    let writer = stack.writer(&github_at(base).unwrap(), token()).unwrap();
    (stack, writer)
}

#[tokio::test]
async fn a_trusted_certificate_is_served_and_an_untrusted_one_gets_no_request() {
    let (port, log, roots) = start_tls([Act::json(200, "{}")]).await;
    let base = format!("https://localhost:{port}");
    let (_, trusting) = client(&base, Settings { roots: Some(roots), ..settings() });
    trusting.reader().get(&target()).await.unwrap();
    assert_eq!(log.requests().len(), 1);

    let (_, other) = identity();
    // The system's own store does not know this server either.
    for roots in [Some(other), None] {
        let (_, suspicious) = client(&base, Settings { roots, ..settings() });
        let error = suspicious.put(&target(), &json!({})).await.unwrap_err();
        assert_eq!((error.kind, error.may_have_applied), (ErrorKind::Transport, false));
        assert!(error.hint.unwrap().contains("does not trust"), "{}", error.message);
    }
    assert_eq!(log.requests().len(), 1, "and no token was sent");
}

#[tokio::test]
async fn plain_http_behind_an_https_address_is_a_tls_failure() {
    let (listener, address, _) = listen([Act::Hang]).await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let (_, roots) = identity();
    let (_, writer) = client(&format!("https://{address}"), Settings { roots: Some(roots), ..settings() });
    let error = writer.put(&target(), &json!({})).await.unwrap_err();
    assert_eq!((error.kind, error.may_have_applied), (ErrorKind::Transport, false));
}

/// Sends five reads that are under way together.
async fn five_at_once(writer: &Writer) {
    let target = target();
    let get = || writer.reader().get(&target);
    let all = tokio::join!(get(), get(), get(), get(), get());
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok() && all.3.is_ok() && all.4.is_ok(), "{all:?}");
}

#[tokio::test]
async fn http2_is_spoken_where_offered_and_one_connection_then_carries_all() {
    let (mut config, roots) = identity();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let versions = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&versions);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    seen.lock().unwrap().push(request.version());
                    std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new("{}".to_owned())))
                });
                let builder = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                let _ = builder.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
            });
        }
    });
    let (stack, writer) = client(&base, Settings { roots: Some(roots), ..settings() });
    five_at_once(&writer).await;
    writer.put(&target(), &json!({})).await.unwrap();
    assert_eq!(*versions.lock().unwrap(), [http::Version::HTTP_2; 6]);
    assert_eq!(stack.traffic().connections, 1);
}

#[tokio::test]
async fn a_server_without_http2_gets_a_connection_for_each_request_before_it_answers_any() {
    let (config, roots) = identity();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    // No answer leaves before all five requests are here.
    let all_here = Arc::new(tokio::sync::Barrier::new(5));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, all_here) = (acceptor.clone(), Arc::clone(&all_here));
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                read_request(&mut stream).await;
                all_here.wait().await;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            });
        }
    });
    let (stack, writer) = client(&base, Settings { roots: Some(roots), ..settings() });
    five_at_once(&writer).await;
    assert_eq!(stack.traffic().connections, 5);
}

/// A proxy that connects every name to one port on this machine, and remembers what it was asked.
async fn proxy(port: u16) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let memory = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(request) = read_request(&mut stream).await else { continue };
            asked.lock().unwrap().push(request);
            let mut upstream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut upstream).await });
        }
    });
    (url, memory)
}

#[tokio::test]
async fn a_proxy_tunnels_tls_and_never_sees_the_token() {
    let (port, log, _) = start_tls([Act::json(200, "{}")]).await;
    let (address, asked) = proxy(port).await;
    // The tunnel ends at a server whose certificate is for another name; what counts is what the proxy saw.
    let (_, roots) = identity();
    let proxies = Proxies::all(&format!("http://user:hunter2@{address}"));
    let (_, writer) = client("https://api.example.com", Settings { roots: Some(roots), proxies: proxies.clone(), ..settings() });
    let error = writer.reader().get(&target()).await.unwrap_err();
    let asked = asked.lock().unwrap().clone();
    assert!(asked[0].starts_with("CONNECT api.example.com:443 "), "{asked:?}");
    assert!(asked[0].to_ascii_lowercase().contains("proxy-authorization: basic "), "{asked:?}");
    assert!(!asked.concat().contains(CANARY));
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(log.requests().is_empty());

    let (base, _) = start([Act::json(200, "{}")]).await;
    let (_, local) = client(&base, Settings { proxies, ..settings() });
    local.reader().get(&target()).await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_of_another_kind_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        }
    });
    let (_, roots) = identity();
    for proxy in [format!("http://{address}"), "https://proxy.example.com".to_owned(), "socks5://proxy.example.com".to_owned()] {
        let settings = Settings { proxies: Proxies::all(&proxy), roots: Some(roots.clone()), ..settings() };
        let (_, writer) = client("https://api.example.com", settings);
        let error = writer.put(&target(), &json!({})).await.unwrap_err();
        assert_eq!((error.kind, error.may_have_applied), (ErrorKind::Transport, false), "{proxy}");
        assert!(error.hint.unwrap().contains("the proxy "), "{proxy}: {}", error.message);
    }
}
