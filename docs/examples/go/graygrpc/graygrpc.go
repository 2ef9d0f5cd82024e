// Package graygrpc passes the tag on as package graytag does, where services talk gRPC.
package graygrpc

import (
	"context"
	"net/http"
	"strings"

	"example.com/graytag"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// UnaryServer keeps what is to be passed on of a call.
func UnaryServer(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(keep(ctx), request)
}

// StreamServer does the same for a stream.
func StreamServer(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(server, keeping{stream, keep(stream.Context())})
}

// UnaryClient passes it on with each call whose context has it.
func UnaryClient(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return next(passOn(ctx), method, request, reply, conn, options...)
}

// StreamClient does the same for a stream.
func StreamClient(ctx context.Context, stream *grpc.StreamDesc, conn *grpc.ClientConn, method string, next grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return next(passOn(ctx), stream, conn, method, options...)
}

func keep(ctx context.Context) context.Context {
	header := http.Header{}
	for _, name := range graytag.Headers {
		header[name] = metadata.ValueFromIncomingContext(ctx, strings.ToLower(name))
	}
	return graytag.Keep(ctx, header)
}

func passOn(ctx context.Context) context.Context {
	set, _ := metadata.FromOutgoingContext(ctx)
	for name, values := range graytag.Kept(ctx) {
		// What the caller or a tracing library has set goes first.
		if len(set.Get(name)) > 0 {
			continue
		}
		for _, value := range values {
			if sendable(value) {
				ctx = metadata.AppendToOutgoingContext(ctx, name, value)
			}
		}
	}
	return ctx
}

// sendable tells whether gRPC sends a value. Of others it would fail the call, and whoever writes
// baggage is not to decide on that.
func sendable(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

type keeping struct {
	grpc.ServerStream
	ctx context.Context
}

func (k keeping) Context() context.Context { return k.ctx }
