//! The gRPC side of a backend: one answer, a stream of them, or one for each message of a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_stream::{Stream, StreamExt};
use tonic::metadata::KeyAndValueRef;
use tonic::{Request, Response, Status, Streaming};

use super::State;
use super::messages::{Ask, Pair, Told};
use generated::echo_server::{Echo, EchoServer};

pub(super) mod generated {
    #![allow(missing_docs, unreachable_pub, clippy::pedantic)]
    include!(concat!(env!("OUT_DIR"), "/graylane.harness.Echo.rs"));
}

type Answers = Pin<Box<dyn Stream<Item = Result<Told, Status>> + Send>>;

/// A stream that never ends by itself would keep Envoy from stopping.
const LONGEST_WATCH: u32 = 100_000;

pub(super) fn service(state: Arc<State>) -> EchoServer<Grpc> {
    EchoServer::new(Grpc { state })
}

pub(super) struct Grpc {
    state: Arc<State>,
}

impl Grpc {
    fn told<T>(&self, request: &Request<T>) -> Told {
        let metadata = request.metadata().iter().map(|entry| match entry {
            KeyAndValueRef::Ascii(name, value) => Pair {
                name: name.to_string(),
                value: value.as_encoded_bytes().to_vec(),
            },
            KeyAndValueRef::Binary(name, value) => Pair {
                name: name.to_string(),
                value: value.as_encoded_bytes().to_vec(),
            },
        });
        Told {
            version: self.state.version.clone(),
            metadata: metadata.collect(),
        }
    }
}

#[tonic::async_trait]
impl Echo for Grpc {
    async fn say(&self, request: Request<Ask>) -> Result<Response<Told>, Status> {
        if self.state.admit().await {
            return Err(troubled());
        }
        Ok(Response::new(self.told(&request)))
    }

    type WatchStream = Answers;

    async fn watch(&self, request: Request<Ask>) -> Result<Response<Self::WatchStream>, Status> {
        let fails = self.state.admit().await;
        let told = self.told(&request);
        let ask = request.into_inner();
        let times = ask.times.min(LONGEST_WATCH);
        let pause = Duration::from_millis(ask.pause_ms.into());
        let answers = tokio_stream::iter(0..times).then(move |_| {
            let told = told.clone();
            async move {
                tokio::time::sleep(pause).await;
                Ok(told)
            }
        });
        let end = tokio_stream::iter(fails.then(|| Err(troubled())));
        Ok(Response::new(Box::pin(answers.chain(end))))
    }

    type TalkStream = Answers;

    async fn talk(
        &self,
        request: Request<Streaming<Ask>>,
    ) -> Result<Response<Self::TalkStream>, Status> {
        if self.state.admit().await {
            return Err(troubled());
        }
        let told = self.told(&request);
        let answers = request
            .into_inner()
            .map(move |ask| ask.map(|_| told.clone()));
        Ok(Response::new(Box::pin(answers)))
    }
}

fn troubled() -> Status {
    Status::unavailable("this version is in trouble")
}
