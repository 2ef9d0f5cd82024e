package graygrpc_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"example.com/graytag"
	"example.com/graytag/graygrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// service calls the next one, if there is one, and else notes what it saw. It takes the health
// service for a service, since that comes generated.
type service struct {
	health.UnimplementedHealthServer
	next health.HealthClient
	seen metadata.MD
}

func (s *service) Check(ctx context.Context, ask *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	if s.next != nil {
		return s.next.Check(ctx, ask)
	}
	s.seen, _ = metadata.FromIncomingContext(ctx)
	return &health.HealthCheckResponse{}, nil
}

func (s *service) Watch(ask *health.HealthCheckRequest, stream grpc.ServerStreamingServer[health.HealthCheckResponse]) error {
	if s.next != nil {
		answers, err := s.next.Watch(stream.Context(), ask)
		if err != nil {
			return err
		}
		answer, err := answers.Recv()
		if err != nil {
			return err
		}
		return stream.Send(answer)
	}
	s.seen, _ = metadata.FromIncomingContext(stream.Context())
	return stream.Send(&health.HealthCheckResponse{})
}

// serve starts a service, and returns a client of it.
func serve(t *testing.T, s *service) health.HealthClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.UnaryInterceptor(graygrpc.UnaryServer),
		grpc.StreamInterceptor(graygrpc.StreamServer),
	)
	health.RegisterHealthServer(server, s)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(
		listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(graygrpc.UnaryClient),
		grpc.WithStreamInterceptor(graygrpc.StreamClient),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return health.NewHealthClient(conn)
}

// ways are those in which a service can be called.
var ways = map[string]func(health.HealthClient, context.Context) error{
	"unary": func(client health.HealthClient, ctx context.Context) error {
		_, err := client.Check(ctx, &health.HealthCheckRequest{})
		return err
	},
	"stream": func(client health.HealthClient, ctx context.Context) error {
		answers, err := client.Watch(ctx, &health.HealthCheckRequest{})
		if err == nil {
			_, err = answers.Recv()
		}
		return err
	},
}

const baggage = "userId=al%C3%AFce,x-gray-version=v2;a=b"

func TestFromCallToCall(t *testing.T) {
	for way, call := range ways {
		last := &service{}
		first := serve(t, &service{next: serve(t, last)})
		ctx := metadata.AppendToOutgoingContext(t.Context(),
			"x-gray-version", "v2", "baggage", baggage, "baggage", "region=eu", "x-secret", "yes")
		if err := call(first, ctx); err != nil {
			t.Fatal(err)
		}
		check(t, way, last.seen, "x-gray-version", "v2")
		check(t, way, last.seen, "baggage", baggage, "region=eu")
		check(t, way, last.seen, "x-secret")
	}
}

func TestNoTagMakesNone(t *testing.T) {
	for way, call := range ways {
		last := &service{}
		if err := call(serve(t, &service{next: serve(t, last)}), t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, way, last.seen, "x-gray-version")
		check(t, way, last.seen, "baggage")
	}
}

func TestWhatACallerSetsGoesFirst(t *testing.T) {
	last := &service{}
	client := serve(t, last)
	ctx := graytag.Keep(t.Context(), http.Header{"Baggage": {"a=1"}})
	ctx = metadata.AppendToOutgoingContext(ctx, "baggage", "b=2")
	if _, err := client.Check(ctx, &health.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	check(t, "unary", last.seen, "baggage", "b=2")
}

func TestWhatCannotBeSentFailsNoCall(t *testing.T) {
	last := &service{}
	client := serve(t, last)
	ctx := graytag.Keep(t.Context(), http.Header{"Baggage": {"a=\xff", "b=2", "c=\n"}})
	if _, err := client.Check(ctx, &health.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	check(t, "unary", last.seen, "baggage", "b=2")
}

func TestFromHTTPToGRPC(t *testing.T) {
	last := &service{}
	client := serve(t, last)
	first := httptest.NewServer(graytag.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := client.Check(r.Context(), &health.HealthCheckRequest{}); err != nil {
			t.Error(err)
		}
	})))
	defer first.Close()
	request, err := http.NewRequest(http.MethodGet, first.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-gray-version", "v2")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	check(t, "unary", last.seen, "x-gray-version", "v2")
}

func check(t *testing.T, way string, seen metadata.MD, name string, wanted ...string) {
	t.Helper()
	if values := seen.Get(name); !reflect.DeepEqual(values, wanted) && len(values)+len(wanted) > 0 {
		t.Errorf("%s: %s: %q, not %q", way, name, values, wanted)
	}
}
