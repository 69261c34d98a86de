//! Open load: each request is sent at its scheduled time, whether or not earlier ones were answered.
//!
//! Latency is measured from the scheduled time, so a stalling service is charged for every request that was due
//! meanwhile. A request that cannot be sent is counted, never delayed. Judging the figures is left to `threshold`.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use tokio::runtime::Runtime;

use super::client::{client, innermost};
use super::tally::{Sample, Tally};
use evenkeel_core::environment::suite::LoadCheck;
use evenkeel_host::Interruption;

/// Maximum number of requests in flight: each has a connection, and a process has a limited number.
const MOST_IN_FLIGHT: u64 = 16_384;
/// Descriptors reserved for other uses than connections.
const SPARE_DESCRIPTORS: u64 = 64;
/// Delay of the first request, so that everything is ready.
const PRELUDE: Duration = Duration::from_millis(20);
/// Interval of checking for an interruption.
const GLANCE: Duration = Duration::from_millis(20);

/// Sends the load and waits for the answers, at most as long as each may take.
pub(super) fn run(
    check: &LoadCheck,
    interruption: &Interruption,
    progress: &dyn Fn(&str),
) -> Result<Tally, String> {
    let total = total(check).ok_or("a load without requests proves nothing")?;
    let (client, url) = client(&check.url)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let mut tally = Tally::new(total, check.within)?;
    let (sender, receiver) = channel();
    let generator = Generator {
        check,
        client,
        url,
        runtime: &runtime,
        sender,
        answered: Arc::default(),
    };
    generator.run(&mut tally, &receiver, interruption, progress);
    // Abandoned requests end with it.
    runtime.shutdown_background();
    Ok(tally)
}

/// Returns the total number of requests.
fn total(check: &LoadCheck) -> Option<u64> {
    let total = u128::from(check.rate) * check.duration.as_nanos() / 1_000_000_000;
    u64::try_from(total).ok().filter(|total| *total > 0)
}

/// Returns the scheduled time of a request, after the first.
fn offset(index: u64, rate: u32) -> Duration {
    let nanoseconds = u128::from(index) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// Returns the number of requests that may be pending when the next one is due, within the process's limits.
fn most_in_flight(check: &LoadCheck) -> u64 {
    let waited_for = u128::from(check.rate) * check.within.as_millis() / 1000;
    let wanted = u64::try_from(waited_for)
        .unwrap_or(u64::MAX)
        .saturating_add(64);
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let possible = descriptors.map_or(MOST_IN_FLIGHT, |most| {
        most.saturating_sub(SPARE_DESCRIPTORS)
    });
    wanted.min(possible).min(MOST_IN_FLIGHT)
}

/// Sender of scheduled requests.
struct Generator<'a> {
    check: &'a LoadCheck,
    client: Client,
    url: Url,
    runtime: &'a Runtime,
    sender: Sender<Sample>,
    /// Whether any request was answered: from then on there may be idle connections.
    answered: Arc<AtomicBool>,
}

impl Generator<'_> {
    fn run(
        self,
        tally: &mut Tally,
        receiver: &Receiver<Sample>,
        interruption: &Interruption,
        progress: &dyn Fn(&str),
    ) {
        let most = most_in_flight(self.check);
        let start = Instant::now() + PRELUDE;
        let (mut launched, mut ended) = (0u64, 0u64);
        let mut said = start;
        for index in 0..tally.intended {
            let intended = start + offset(index, self.check.rate);
            loop {
                ended += tally.drain(receiver);
                if interruption.is_set() {
                    tally.interrupted = true;
                    return;
                }
                let now = Instant::now();
                let Some(wait) = intended
                    .checked_duration_since(now)
                    .filter(|wait| !wait.is_zero())
                else {
                    break;
                };
                std::thread::sleep(wait.min(GLANCE));
            }
            if said.elapsed() >= Duration::from_secs(1) {
                said = Instant::now();
                progress(&format!("{index} of {} requests", tally.intended));
            }
            if intended.elapsed() >= self.check.within {
                tally.fail("not sent: late");
            } else if launched - ended >= most {
                tally.fail(&format!("not sent: {most} were in flight"));
            } else {
                launched += 1;
                self.launch(intended);
            }
        }
        // The last request drops the last sender, which ends the waiting.
        let until = Instant::now()
            + self.check.within.min(Duration::from_hours(24))
            + Duration::from_secs(1);
        drop(self);
        while ended < launched && Instant::now() < until {
            if interruption.is_set() {
                tally.interrupted = true;
                return;
            }
            match receiver.recv_timeout(GLANCE) {
                Ok(sample) => {
                    tally.add(sample);
                    ended += 1;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        for _ in ended..launched {
            tally.fail("no answer");
        }
    }

    fn launch(&self, intended: Instant) {
        let (client, url, sender) = (self.client.clone(), self.url.clone(), self.sender.clone());
        let answered = Arc::clone(&self.answered);
        let deadline = tokio::time::Instant::from_std(intended)
            + self.check.within.min(Duration::from_hours(24));
        self.runtime.spawn(async move {
            let begun = Instant::now();
            let mut resent = false;
            let asked = async {
                // Only a used connection can have been closed while it was idle.
                let may_be_idle = answered.load(Ordering::Relaxed);
                match get(&client, &url).await {
                    Err(error) if may_be_idle && is_closed(&error) => {
                        resent = true;
                        get(&client, &url).await
                    }
                    ended => ended,
                }
            };
            let outcome = match tokio::time::timeout_at(deadline, asked).await {
                Ok(ended) => ended.map_err(|error| reason(&error)),
                Err(_) => Err("no answer in time".to_owned()),
            };
            answered.fetch_or(outcome.is_ok(), Ordering::Relaxed);
            // The receiver is gone after an interruption.
            let _closed = sender.send(Sample {
                intended,
                begun,
                ended: Instant::now(),
                resent,
                outcome,
            });
        });
    }
}

/// Returns the status after the whole answer.
async fn get(client: &Client, url: &Url) -> Result<u16, reqwest::Error> {
    let mut response = client.get(url.clone()).send().await?;
    while response.chunk().await?.is_some() {}
    Ok(response.status().as_u16())
}

/// Whether the service closed the connection without a byte of an answer, which is allowed for an idle one at any time.
/// A GET is then sent again on another one (RFC 9110, 9.2.2).
fn is_closed(error: &reqwest::Error) -> bool {
    if !error.is_request() || error.is_connect() || error.is_timeout() {
        return false;
    }
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(each) = cause {
        if let Some(error) = each.downcast_ref::<std::io::Error>() {
            return matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
            );
        }
        cause = each.source();
    }
    innermost(error).contains("connection closed before message completed")
}

fn reason(error: &reqwest::Error) -> String {
    let what = if error.is_connect() {
        "could not connect"
    } else {
        "no whole answer"
    };
    format!("{what}: {}", innermost(error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{most_in_flight, offset, total};
    use evenkeel_core::environment::suite::LoadCheck;

    fn check(rate: u32, duration: Duration) -> LoadCheck {
        LoadCheck {
            url: "http://127.0.0.1/".into(),
            rate,
            duration,
            p50: None,
            p95: None,
            p99: None,
            errors: 0.0,
            within: Duration::from_secs(1),
        }
    }

    #[test]
    fn requests_are_spread_evenly_and_do_not_drift() {
        assert_eq!(total(&check(200, Duration::from_secs(10))), Some(2000));
        assert_eq!(total(&check(3, Duration::from_millis(500))), Some(1));
        assert_eq!(total(&check(1, Duration::from_millis(500))), None);
        assert_eq!(total(&check(0, Duration::from_secs(10))), None);
        assert_eq!(total(&check(u32::MAX, Duration::MAX)), None);
        assert_eq!(offset(3_000_000, 3), Duration::from_secs(1_000_000));
        assert_eq!(offset(1, 200), Duration::from_millis(5));
    }

    #[test]
    fn what_may_be_in_flight_follows_from_the_rate_and_has_a_cap() {
        assert_eq!(most_in_flight(&check(100, Duration::from_secs(1))), 164);
        assert!(most_in_flight(&check(u32::MAX, Duration::from_secs(1))) <= super::MOST_IN_FLIGHT);
    }
}
