package google

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
)

// stream is a server's stream whose token is renewed when it is refused before
// the first message. A stream of the client's messages is left as it is, as what
// was sent is kept for one message only.
type stream struct {
	grpc.ClientStream
	ctx    context.Context // the caller's; that of ClientStream ends with it
	tokens *tokens
	open   func(token string) (grpc.ClientStream, error)

	token    string
	sent     any  // nil before the first message
	closed   bool // the client's side
	received bool
	renewed  bool
}

func (s *stream) start() (err error) {
	if s.token, err = s.tokens.get(s.ctx); err != nil {
		return err
	}
	opened, err := s.open(s.token)
	if err != nil {
		return ended(s.ctx, err)
	}
	s.ClientStream = opened
	return nil
}

func (s *stream) SendMsg(m any) error {
	s.sent = m
	return s.ClientStream.SendMsg(m)
}

func (s *stream) CloseSend() error {
	s.closed = true
	return s.ClientStream.CloseSend()
}

func (s *stream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if unauthenticated(err) {
		s.tokens.refused(s.token)
		switch {
		case s.received:
			return fault.Wrap(fault.SourceUnavailable, "the access token ended while a stream was read", err)
		case !s.renewed:
			s.renewed = true
			if err = s.again(); err == nil {
				err = s.ClientStream.RecvMsg(m)
			}
		}
	}
	s.received = s.received || err == nil
	return ended(s.ctx, err)
}

// again opens the stream with a new token, and asks for the same.
func (s *stream) again() error {
	if err := s.start(); err != nil {
		return err
	}
	if s.sent != nil {
		if err := s.ClientStream.SendMsg(s.sent); err != nil && !errors.Is(err, io.EOF) { // EOF: RecvMsg says why
			return err
		}
	}
	if s.closed {
		return s.ClientStream.CloseSend()
	}
	return nil
}

func bearingCall(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func unauthenticated(err error) bool { return status.Code(err) == codes.Unauthenticated }

// ended makes of gRPC's words for a context that ended the context's own.
func ended(ctx context.Context, err error) error {
	if code := status.Code(err); ctx.Err() != nil && (code == codes.Canceled || code == codes.DeadlineExceeded) {
		return ctx.Err()
	}
	return err
}
