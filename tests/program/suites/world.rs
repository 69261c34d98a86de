//! Helpers of the tests: servers, scripts, and suites.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use evenkeel::suite::{Case, Outcome, SuiteResult};
use evenkeel_core::environment::suite::{HttpCheck, LoadCheck, RunCheck, Suite, SuiteText};
use evenkeel_host::Interruption;
use evenkeel_model::{Digest, Secret};

/// Longer than any test on the busiest machine, and far shorter than a hang.
pub const HANGS: Duration = Duration::from_mins(2);

/// Server that ends with the test.
pub struct Server {
    address: SocketAddr,
    _runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    /// Serves these routes.
    pub fn with(router: axum::Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            _runtime: Some(runtime),
        }
    }

    /// Calls a function with every connection, after the request's head.
    pub fn raw(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = std::sync::Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = std::sync::Arc::clone(&answer);
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let _read = stream.read(&mut [0; 4096]);
                    answer(stream);
                });
            }
        });
        Self {
            address,
            _runtime: None,
        }
    }

    /// Accepts connections and never answers.
    pub fn that_hangs() -> Self {
        Self::raw(|stream| {
            std::thread::sleep(Duration::from_mins(1));
            drop(stream);
        })
    }

    /// Accepts connections and drops them.
    pub fn that_drops() -> Self {
        Self::raw(drop)
    }

    /// Sends half an answer and drops the connection.
    pub fn that_breaks_off() -> Self {
        Self::raw(|mut stream| {
            let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
        })
    }

    /// Returns a URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Returns a URL without a listener.
pub fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// Returns an empty suite.
pub fn suite() -> Suite {
    Suite {
        name: "trial".into(),
        kind: "smoke".into(),
        digest: Digest::of(b"trial"),
        files: Vec::new(),
        http: Vec::new(),
        run: None,
        load: None,
    }
}

/// Returns a check that a GET answers with 200 within two seconds.
pub fn get(url: String) -> HttpCheck {
    HttpCheck {
        method: "GET".into(),
        url,
        send: BTreeMap::new(),
        body: None,
        status: 200,
        header: BTreeMap::new(),
        contains: Vec::new(),
        json: BTreeMap::new(),
        within: Duration::from_secs(2),
    }
}

/// Returns a suite of one check.
pub fn checking(check: HttpCheck) -> Suite {
    Suite {
        http: vec![check],
        ..suite()
    }
}

/// Returns a script in a directory, to be run there within ten seconds.
pub fn script(home: &Path, text: &str) -> RunCheck {
    let path = home.join("script");
    std::fs::write(&path, text).unwrap();
    RunCheck {
        command: vec!["/bin/sh".into(), path.display().to_string()],
        environment: BTreeMap::new(),
        directory: home.to_owned(),
        within: Duration::from_secs(10),
        junit: None,
    }
}

/// Returns a suite of one command.
pub fn running(check: RunCheck) -> Suite {
    Suite {
        run: Some(check),
        ..suite()
    }
}

/// Returns a load without thresholds.
pub fn load(url: String, rate: u32, duration: Duration) -> LoadCheck {
    LoadCheck {
        url,
        rate,
        duration,
        p50: None,
        p95: None,
        p99: None,
        errors: 0.0,
        within: Duration::from_secs(2),
    }
}

/// Returns a suite of one load.
pub fn loading(check: LoadCheck) -> Suite {
    Suite {
        load: Some(check),
        ..suite()
    }
}

/// Returns a secret text.
pub fn secret(text: &str) -> SuiteText {
    SuiteText::Secret(Secret::new(text.into()))
}

/// Runs a suite without interruption.
pub fn run(suite: &Suite) -> SuiteResult {
    run_until(suite, &Interruption::default())
}

/// Runs a suite that may be interrupted.
pub fn run_until(suite: &Suite, interruption: &Interruption) -> SuiteResult {
    let result = evenkeel::suite::run(
        suite,
        &evenkeel_model::moment::SystemClock,
        &std::env::vars().collect(),
        &evenkeel::world::redaction::Redactor::default(),
        interruption,
        &|_| {},
    );
    let output: serde_json::Value = serde_json::from_str(&result.output).unwrap();
    assert_eq!(output.pointer("/passed"), Some(&result.passed.into()));
    assert_eq!(output.to_string(), result.output, "the output is canonical");
    result
}

/// Runs a suite that is interrupted after a while.
pub fn run_for(suite: &Suite, time: Duration) -> SuiteResult {
    let interruption = Interruption::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(time);
            interruption.interrupt();
        });
        run_until(suite, &interruption)
    })
}

/// Returns the outcome and message of the only case of a result.
#[track_caller]
pub fn only(result: &SuiteResult) -> (Outcome, &str) {
    let [case] = &result.cases[..] else {
        panic!("expected one case: {:?}", result.cases)
    };
    assert_eq!(result.passed, case.outcome == Outcome::Passed, "{case:?}");
    (case.outcome, said(case))
}

/// Returns the message of a case.
pub fn said(case: &Case) -> &str {
    case.message.as_deref().unwrap_or_default()
}
