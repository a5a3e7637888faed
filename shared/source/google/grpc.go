package google

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Dial connects to a service's gRPC API, when it is first called. The caller
// closes the connection, or the client made with option.WithGRPCConn does. An
// endpoint of http:// is spoken to without TLS.
//
// Calls bear the access token, and are sent once more with a new one when it is
// refused: a unary call always, a stream until its first message. A token that
// is refused later in a stream fails it with fault.SourceUnavailable, and the
// stream can be opened again. A call whose context has ended returns that
// context's error.
func (a *Access) Dial(service string) (*grpc.ClientConn, error) {
	base, err := url.Parse(a.url(service))
	if err != nil {
		return nil, fmt.Errorf("parsing the endpoint of %s: %w", service, err)
	}
	security, port := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}), "443"
	if base.Scheme == "http" {
		security, port = insecure.NewCredentials(), "80"
	}
	if base.Port() != "" {
		port = base.Port()
	}
	calls := &caller{tokens: a.tokens}
	conn, err := grpc.NewClient("dns:///"+net.JoinHostPort(base.Hostname(), port),
		grpc.WithTransportCredentials(security),
		grpc.WithUnaryInterceptor(calls.unary), grpc.WithStreamInterceptor(calls.stream),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)), // a batch of rows is tens of MiB at most
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 2 * time.Minute, Timeout: 20 * time.Second}),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent(a.bearer.agent),
	)
	if err != nil {
		return nil, fmt.Errorf("dialing %s: %w", service, err)
	}
	return conn, nil
}

// caller puts the token on calls. It is an interceptor, as gRPC makes text of the
// errors of its own credentials.
type caller struct{ tokens *tokens }

func (c *caller) unary(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	try := func() (string, error) {
		token, err := c.tokens.get(ctx)
		if err != nil {
			return "", err
		}
		return token, ended(ctx, invoke(bearingCall(ctx, token), method, req, reply, conn, opts...))
	}
	token, err := try()
	if token != "" && unauthenticated(err) {
		c.tokens.refused(token)
		_, err = try()
	}
	return err
}

func (c *caller) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s := &stream{ctx: ctx, tokens: c.tokens, open: func(token string) (grpc.ClientStream, error) {
		return open(bearingCall(ctx, token), desc, conn, method, opts...)
	}}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}
