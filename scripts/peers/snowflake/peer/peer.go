// Package peer puts the parts of the server together around an engine.
package peer

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/admin"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/server"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/store"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// A Peer is a whole server.
type Peer struct {
	http.Handler

	engine engine.Engine
	server *server.Server
	cancel context.CancelFunc
	dir    string
}

// New returns the handler of an account on an empty engine, which it takes
// over.
func New(ctx context.Context, e engine.Engine, account string, log *slog.Logger) (*Peer, error) {
	dir, err := os.MkdirTemp("", "snowflake-peer-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for loads: %w", err)
	}
	w := world.New(account, time.Now)
	st, err := store.New(ctx, e, w, dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	srv := server.New(ctx, w, st, e, log)
	mux := http.NewServeMux()
	srv.Routes(mux)
	(&admin.API{World: w, Store: st, Server: srv}).Routes(mux)
	return &Peer{Handler: mux, engine: e, server: srv, cancel: cancel, dir: dir}, nil
}

// Close stops what runs and frees the engine.
func (p *Peer) Close() {
	p.cancel()
	p.server.Wait()
	p.engine.Close()
	_ = os.RemoveAll(p.dir)
}
