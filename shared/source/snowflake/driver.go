// Package snowflake reads tables, views and the results of queries from Snowflake.
//
// gosnowflake logs in, renews tokens and runs the small statements. Queries
// whose results are imported go beside it, on the same session and the same
// protocol (request.go), for what its arrowbatches cannot do: a split is cut by
// the sizes of the chunks, which it does not show; chunks are decoded while
// they arrive, where it holds each whole; a TIME keeps its unit, where it takes
// every one for nanoseconds; a wait for a query ends with its context, where it
// sleeps on; and a result is found again with a session token that has expired.
package snowflake

import (
	"context"
	"database/sql"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"
	"github.com/snowflakedb/gosnowflake/v2/sflog"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// Driver is the Snowflake platform.
type Driver struct{ endpoints source.Endpoints }

var (
	_ source.Driver    = Driver{}
	_ source.Session   = (*session)(nil)
	_ source.Estimator = (*session)(nil)
	_ source.Counter   = (*session)(nil)
)

// New returns the driver. It silences the SDK's own log, which is one for the
// whole process and writes statements and addresses of results.
func New(endpoints source.Endpoints) Driver {
	_ = sf.GetLogger().SetLogLevelInt(sflog.LevelOff) // a level that there is
	return Driver{endpoints: endpoints}
}

// Spec describes the platform.
func (Driver) Spec() source.Spec { return catalog.Snowflake() }

// Open prepares the session. It reads keys and nothing is sent yet: the first
// statement logs in.
func (d Driver) Open(_ context.Context, cfg source.Config) (source.Session, error) {
	c, err := parse(cfg, d.endpoints)
	if err != nil {
		return nil, err
	}
	transport := newTransport()
	client := &http.Client{Transport: transport}
	held := &tokens{}
	connector, err := newConnector(c, transport, held, client)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // one session: the tokens are those of its one login
	s := &session{config: c, db: db, tokens: held, http: client}
	s.close = sync.OnceValue(func() error {
		err := db.Close()
		transport.CloseIdleConnections()
		return err
	})
	return s, nil
}

// newTransport is the session's own, so that Close can close its connections,
// and so that the SDK adds no revocation look-ups of its own to TLS.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  2 * time.Minute, // the server holds a request for a result up to 45 s
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // chunks say by their first bytes that they are compressed
	}
}

// refusedByProxy gives a proxy's refusal a code; net/http has words for it alone.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, said *http.Response) error {
	status := strconv.Itoa(said.StatusCode)
	switch {
	case said.StatusCode == http.StatusOK:
		return nil
	case said.StatusCode >= http.StatusInternalServerError:
		return fault.New(fault.SourceUnavailable, "the deployment's proxy did not reach Snowflake: it answered "+status)
	}
	return fault.New(fault.SourceNetwork, "the deployment's proxy refuses connections to Snowflake: it answered "+status)
}

// session is one connection to an account, under one role.
type session struct {
	config config
	db     *sql.DB
	tokens *tokens
	http   *http.Client
	close  func() error

	keys keyCache
}

// Close ends the session at the server.
func (s *session) Close() error { return s.close() }
