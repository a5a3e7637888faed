package googlepeer

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// readServer is bigquerystorage.googleapis.com: the Storage Read API, on the
// tables and query results of the warehouse.
type readServer struct {
	storagepb.UnimplementedBigQueryReadServer

	peer *Peer
	grpc *grpc.Server
	addr string
	done chan struct{}

	mu       sync.Mutex
	sessions map[string]*session // by name
	requests []*storagepb.CreateReadSessionRequest
	reads    []ReadCall
}

// ReadCall is a call of ReadRows.
type ReadCall struct {
	Stream string
	Offset int64
}

func newReadServer(p *Peer) (*readServer, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	pings := grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true})
	s := &readServer{peer: p, grpc: grpc.NewServer(pings), addr: l.Addr().String(), done: make(chan struct{}), sessions: map[string]*session{}}
	storagepb.RegisterBigQueryReadServer(s.grpc, s)
	go func() {
		defer close(s.done)
		_ = s.grpc.Serve(l) // it ends by close
	}()
	return s, nil
}

func (s *readServer) close() {
	s.grpc.Stop()
	<-s.done
}

// ReadSessions are the calls of CreateReadSession, in order: what was pushed down.
func (p *Peer) ReadSessions() []*storagepb.CreateReadSessionRequest {
	p.reader.mu.Lock()
	defer p.reader.mu.Unlock()
	return slices.Clone(p.reader.requests)
}

// ReadCalls are the calls of ReadRows, in order.
func (p *Peer) ReadCalls() []ReadCall {
	p.reader.mu.Lock()
	defer p.reader.mu.Unlock()
	return slices.Clone(p.reader.reads)
}

// ExpireSessions ends every read session that is open, as six hours do.
func (p *Peer) ExpireSessions() {
	p.reader.mu.Lock()
	defer p.reader.mu.Unlock()
	for _, s := range p.reader.sessions {
		s.expires = time.Now()
	}
}

// CreateReadSession checks that the caller may read the table, evaluates it, and deals its rows out to streams.
func (s *readServer) CreateReadSession(ctx context.Context, r *storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
	if f, ok := s.peer.faults.nextRead("CreateReadSession"); ok {
		if err := f.strike(ctx); err != nil {
			return nil, err
		}
	}
	caller, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.requests = append(s.requests, proto.CloneOf(r))
	s.mu.Unlock()
	project := strings.TrimPrefix(r.GetParent(), "projects/")
	if !s.peer.policy.allows(caller, "bigquery.readsessions.create", "projects/"+project) {
		return nil, lacks("request failed", "bigquery.readsessions.create", "projects/"+project)
	}
	if r.GetReadSession().GetDataFormat() != storagepb.DataFormat_ARROW {
		return nil, status.Error(codes.InvalidArgument, "the peer speaks Arrow only")
	}
	opened, err := s.open(ctx, caller, project, r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[opened.proto.GetName()] = opened
	return proto.CloneOf(opened.proto), nil
}

// ReadRows sends a stream's rows from an offset on.
func (s *readServer) ReadRows(r *storagepb.ReadRowsRequest, out storagepb.BigQueryRead_ReadRowsServer) error {
	fault, faulty := s.peer.faults.nextRead("ReadRows")
	if faulty && fault.AfterBatches == 0 {
		if err := fault.strike(out.Context()); err != nil {
			return err
		}
	}
	caller, err := s.caller(out.Context())
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(r.GetReadStream(), "/streams/")
	s.mu.Lock()
	s.reads = append(s.reads, ReadCall{r.GetReadStream(), r.GetOffset()})
	opened, ok := s.sessions[name]
	s.mu.Unlock()
	operating := "there was an error operating on '" + r.GetReadStream() + "'"
	if !ok {
		return status.Error(codes.NotFound, operating+": session not found")
	}
	if !s.peer.policy.allows(caller, "bigquery.readsessions.getData", "projects/"+opened.project) {
		return lacks(operating, "bigquery.readsessions.getData", r.GetReadStream())
	}
	s.mu.Lock()
	expires := opened.expires
	s.mu.Unlock()
	if !time.Now().Before(expires) {
		return status.Error(codes.FailedPrecondition, operating+": session expired at "+expires.UTC().Format(time.RFC3339))
	}
	stream, ok := opened.stream(r.GetReadStream())
	if !ok {
		return status.Error(codes.NotFound, operating+": stream not found")
	}
	after := -1
	if faulty && fault.AfterBatches > 0 {
		after = fault.AfterBatches
	}
	return opened.send(out, stream, r.GetOffset(), func(sent int) error {
		if sent != after {
			return nil
		}
		return fault.strike(out.Context())
	})
}

// caller authenticates a call by its metadata.
func (s *readServer) caller(ctx context.Context) (string, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	var authorization string
	if values := md.Get("authorization"); len(values) > 0 {
		authorization = values[0]
	}
	caller, refused := s.peer.authenticate(authorization, scopeBigQuery, scopeBigQueryRead, scopePlatformRead)
	if refused != nil {
		return "", refused.GRPCStatus().Err()
	}
	return caller, nil
}

// lacks is how the Storage API says that a permission is missing.
func lacks(prefix, permission, resource string) error {
	return status.Errorf(codes.PermissionDenied, "%s: the user does not have '%s' permission for '%s'", prefix, permission, resource)
}
