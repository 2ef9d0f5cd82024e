//! A config centre that means harm: it answers with whatever bytes it is told to, in whatever way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How much a flood is: more than any document may have.
const FLOOD: usize = 100 << 20;
const CHUNK: usize = 1 << 20;
/// Between two bytes of a drip.
const DRIP: Duration = Duration::from_secs(1);

/// An answer, as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// These bytes, and the connection ends.
    Bytes(Vec<u8>),
    /// 100 MB, their length told before, or in chunks.
    Flood { chunked: bool },
    /// A right answer, but one byte a second.
    Drip(Vec<u8>),
    /// Headers that never end.
    Headers,
    /// Nothing, and the connection stays.
    Silence,
}

/// What it answers by now: to requests whose path has this word, and to all others.
#[derive(Debug)]
struct Answers {
    word: &'static str,
    those: Answer,
    others: Answer,
}

/// The centre, listening. It ends with this value.
#[derive(Debug)]
pub(super) struct Centre {
    at: SocketAddr,
    inside: Arc<Inside>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Inside {
    answers: Mutex<Answers>,
    heads: Mutex<Vec<String>>,
}

impl Centre {
    /// Opens one at any port of this address; `word` is in the path of what is asked for apart.
    pub(super) async fn open(at: SocketAddr, word: &'static str, first: Answer) -> Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let inside = Arc::new(Inside {
            answers: Mutex::new(Answers {
                word,
                those: not_there(),
                others: first,
            }),
            heads: Mutex::default(),
        });
        let at = listener.local_addr()?;
        let own = Arc::clone(&inside);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = Arc::clone(&own);
                // Whoever asked may be gone by now.
                tokio::spawn(async move { drop(own.serve(stream).await) });
            }
        });
        Ok(Self {
            at,
            inside,
            listening,
        })
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Answers so from now on.
    pub(super) fn answer(&self, answer: Answer) {
        locked(&self.inside.answers).others = answer;
    }

    /// Answers so from now on where the path has the word.
    pub(super) fn answer_those(&self, answer: Answer) {
        locked(&self.inside.answers).those = answer;
    }

    /// The heads of all requests so far.
    pub(super) fn heads(&self) -> Vec<String> {
        locked(&self.inside.heads).clone()
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Inside {
    async fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let Some(head) = head(&mut stream).await? else {
            return Ok(());
        };
        let path = head.split(' ').nth(1).unwrap_or_default();
        let answer = {
            let answers = locked(&self.answers);
            let apart = path.contains(answers.word);
            if apart {
                answers.those.clone()
            } else {
                answers.others.clone()
            }
        };
        locked(&self.heads).push(head);
        answer.write(stream).await
    }
}

impl Answer {
    async fn write(self, mut stream: TcpStream) -> Result<()> {
        match self {
            Self::Bytes(bytes) => stream.write_all(&bytes).await?,
            Self::Flood { chunked } => {
                let length = if chunked {
                    "transfer-encoding: chunked".to_owned()
                } else {
                    format!("content-length: {FLOOD}")
                };
                let head = format!("HTTP/1.1 200 OK\r\n{length}\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                let mut chunk = vec![b' '; CHUNK];
                if chunked {
                    chunk.splice(..0, format!("{CHUNK:x}\r\n").into_bytes());
                    chunk.extend(b"\r\n");
                }
                for _ in 0..FLOOD / CHUNK {
                    stream.write_all(&chunk).await?;
                }
                if chunked {
                    stream.write_all(b"0\r\n\r\n").await?;
                }
            }
            Self::Drip(bytes) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    tokio::time::sleep(DRIP).await;
                }
            }
            Self::Headers => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                loop {
                    stream.write_all(b"x-more: and more\r\n").await?;
                    tokio::time::sleep(Duration::from_micros(100)).await;
                }
            }
            Self::Silence => {
                let mut more = Vec::new();
                stream.read_to_end(&mut more).await?;
            }
        }
        Ok(stream.shutdown().await?)
    }
}

/// The head of a request, and its body read as well; `None` if the connection ends before.
async fn head(stream: &mut TcpStream) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut wanted = None;
    loop {
        if let Some(wanted) = wanted
            && bytes.len() >= wanted
        {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        wanted = end.map(|end| {
            let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length = length.and_then(|length| length.trim().parse::<usize>().ok());
            end + 4 + length.unwrap_or_default()
        });
    }
}

/// An answer of this status, with these further lines of its head.
pub(super) fn answer(status: &str, lines: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    Answer::Bytes([head.as_bytes(), body].concat())
}

fn not_there() -> Answer {
    answer("404 Not Found", "", "")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
