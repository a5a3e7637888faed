package google_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// service is a gRPC service that wants a token: a health service, as any would do.
type service struct {
	health.UnimplementedHealthServer
	mu      sync.Mutex
	refused map[string]bool // tokens that are not good any more
	asked   []string        // what the calls asked for
	failed  error           // of streams, after their first message
}

func (s *service) authorize(ctx context.Context, asked string) error {
	md, _ := metadata.FromIncomingContext(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, asked)
	token := strings.Join(md.Get("authorization"), ",")
	if !strings.HasPrefix(token, "Bearer token-") || s.refused[token] {
		return status.Error(codes.Unauthenticated, "Request had invalid authentication credentials.")
	}
	return nil
}

func (s *service) refuse(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused["Bearer "+token] = true
}

func (s *service) Check(ctx context.Context, r *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	if r.GetService() == "slow" {
		<-ctx.Done()
	}
	return &health.HealthCheckResponse{}, s.authorize(ctx, r.GetService())
}

func (s *service) Watch(r *health.HealthCheckRequest, stream grpc.ServerStreamingServer[health.HealthCheckResponse]) error {
	if err := s.authorize(stream.Context(), r.GetService()); err != nil {
		return err
	}
	for range 2 {
		if err := stream.Send(&health.HealthCheckResponse{}); err != nil {
			return err
		}
	}
	return s.failed
}

// dial starts a service and connects to it.
func dial(t *testing.T) (*service, health.HealthClient, source.Endpoints) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, server := &service{refused: map[string]bool{}}, grpc.NewServer()
	health.RegisterHealthServer(server, s)
	go func() { _ = server.Serve(listener) }() // it ends with Stop
	t.Cleanup(server.Stop)
	tokens, _ := tokenServer(t, 3600)
	endpoints := func(name string) string {
		if name == source.EndpointBigQueryStorage {
			return "http://" + listener.Addr().String()
		}
		return api("", tokens)(name)
	}
	return s, connect(t, endpoints), endpoints
}

func connect(t *testing.T, endpoints source.Endpoints) health.HealthClient {
	t.Helper()
	conn, err := open(t, consent, endpoints).Dial(source.EndpointBigQueryStorage)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return health.NewHealthClient(conn)
}

func asking(what string) *health.HealthCheckRequest { return &health.HealthCheckRequest{Service: what} }

func TestACallWhoseTokenIsRefusedIsMadeAgain(t *testing.T) {
	s, client, _ := dial(t)
	s.refuse("token-1")
	if _, err := client.Check(t.Context(), asking("a")); err != nil {
		t.Fatal(err)
	}
	s.refuse("token-2")
	s.refuse("token-3")
	_, err := client.Check(t.Context(), asking("b"))
	if class := google.Classify(err); class == nil || class.Code != fault.SourceAuthentication {
		t.Errorf("refused twice: %v", err)
	}
	if got := strings.Join(s.asked, ""); got != "aabb" {
		t.Errorf("asked %q, want each twice", got)
	}
}

func TestAStreamWhoseTokenIsRefusedIsOpenedAgain(t *testing.T) {
	s, client, _ := dial(t)
	s.refuse("token-1")
	stream, err := client.Watch(t.Context(), asking("rows"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(s.asked, " "); got != "rows rows" {
		t.Errorf("asked %q", got)
	}
}

// TestATokenThatEndsInAStreamIsTransient leaves it to the reader to go on from
// where it is, as the stream itself cannot.
func TestATokenThatEndsInAStreamIsTransient(t *testing.T) {
	s, client, _ := dial(t)
	s.failed = status.Error(codes.Unauthenticated, "The token ended.")
	stream, err := client.Watch(t.Context(), asking("rows"))
	for err == nil {
		_, err = stream.Recv()
	}
	if fault.CodeOf(err) != fault.SourceUnavailable {
		t.Errorf("got %v", err)
	}
	s.refuse("token-1")
	s.failed = nil
	again, err := client.Watch(t.Context(), asking("rows"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Recv(); err != nil {
		t.Error(err)
	}
	if len(s.asked) != 2 {
		t.Errorf("asked %q: the token that ended was used again", s.asked)
	}
}

func TestAnEndedCallHasItsContextsError(t *testing.T) {
	_, client, _ := dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := client.Check(ctx, asking("slow")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	stream, err := client.Watch(ctx, asking("rows"))
	cancel()
	for err == nil {
		_, err = stream.Recv()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestWhyThereIsNoTokenIsNotLost: gRPC would make text of it.
func TestWhyThereIsNoTokenIsNotLost(t *testing.T) {
	_, _, endpoints := dial(t)
	client := connect(t, func(name string) string {
		if name == source.EndpointGoogleOAuth {
			return "http://127.0.0.1:1"
		}
		return endpoints(name)
	})
	_, err := client.Check(t.Context(), asking("a"))
	if class := google.Classify(err); class == nil || class.Code != fault.SourceNetwork {
		t.Errorf("got %v", err)
	}
	if _, err := client.Watch(t.Context(), asking("a")); err == nil {
		t.Error("a stream without a token opens")
	}
}
