//! Generates the backend's gRPC service: client and server around messages that
//! `src/backend/grpc.rs` declares in Rust, so that no `protoc` is needed.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let say = Method::builder()
        .name("say")
        .route_name("Say")
        .input_type("crate::backend::messages::Ask")
        .output_type("crate::backend::messages::Told")
        .codec_path("tonic_prost::ProstCodec")
        .comment("Answers once.")
        .build();
    let watch = Method::builder()
        .name("watch")
        .route_name("Watch")
        .input_type("crate::backend::messages::Ask")
        .output_type("crate::backend::messages::Told")
        .codec_path("tonic_prost::ProstCodec")
        .server_streaming()
        .comment("Answers as often as it was asked to.")
        .build();
    let talk = Method::builder()
        .name("talk")
        .route_name("Talk")
        .input_type("crate::backend::messages::Ask")
        .output_type("crate::backend::messages::Told")
        .codec_path("tonic_prost::ProstCodec")
        .client_streaming()
        .server_streaming()
        .comment("Answers each message, until the caller has no more.")
        .build();
    let echo = Service::builder()
        .name("Echo")
        .package("graylane.harness")
        .comment("What a backend tells of a call that reached it.")
        .method(say)
        .method(watch)
        .method(talk)
        .build();
    Builder::new().compile(&[echo]);
    println!("cargo:rerun-if-changed=build.rs");
}
