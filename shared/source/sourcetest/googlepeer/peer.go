package googlepeer

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/source"
)

// Config is what a peer starts with. The zero value is complete.
type Config struct {
	Project       string        // owns the buckets and is seeded by default; "acme"
	Projects      []string      // further projects, for datasets elsewhere than the jobs
	Location      string        // of datasets that do not say; "US"
	TokenLifetime time.Duration // of access tokens; an hour
	BatchRows     int           // of a batch of the Storage Read API; 1,000
	Streams       int           // of a read session that asks for no number; 4
}

// Peer is a Google Cloud of its own. Its methods may be called concurrently.
type Peer struct {
	config    Config
	identity  *identity
	policy    *policy
	mutations *recorder
	faults    *faults
	storage   *storage
	warehouse *warehouse
	reader    *readServer
	servers   map[string]*server
	http      *http.Client // to the emulators

	closing sync.Once
}

// Start starts a peer. Its emulators come up when they are first needed, with ctx's values.
func Start(_ context.Context, config Config) (*Peer, error) {
	config.setDefaults()
	p := &Peer{
		config: config, identity: newIdentity(config.TokenLifetime), policy: newPolicy(config.Project),
		mutations: &recorder{}, faults: &faults{}, servers: map[string]*server{},
		// No connection outlives its request: the suite looks for what a driver leaves running.
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	p.storage, p.warehouse = newStorage(p), newWarehouse(p)
	handlers := map[string]http.Handler{
		source.EndpointGoogleOAuth:           p.oauth(),
		source.EndpointGoogleSTS:             p.sts(),
		source.EndpointGoogleIAMCredentials:  p.iamCredentials(),
		source.EndpointGoogleResourceManager: p.resourceManager(),
		source.EndpointGCS:                   p.storage,
		source.EndpointBigQuery:              p.warehouse.handler(),
	}
	for service, handler := range handlers {
		s, err := serve(p.faulty(service, handler))
		if err != nil {
			p.Close()
			return nil, err
		}
		p.servers[service] = s
	}
	var err error
	if p.reader, err = newReadServer(p); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (c *Config) setDefaults() {
	if c.Project == "" {
		c.Project = "acme"
	}
	if c.Location == "" {
		c.Location = "US"
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = time.Hour
	}
	if c.BatchRows == 0 {
		c.BatchRows = 1000
	}
	if c.Streams == 0 {
		c.Streams = 4
	}
}

// Run starts a peer for a test, and closes it at the end.
func Run(t testing.TB, config Config) *Peer {
	t.Helper()
	p, err := Start(context.WithoutCancel(t.Context()), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Close ends the peer and its emulators. A second Close is a no-op.
func (p *Peer) Close() {
	p.closing.Do(func() {
		for _, s := range p.servers {
			s.close()
		}
		if p.reader != nil {
			p.reader.close()
		}
		p.storage.close()
		p.warehouse.close()
		p.http.CloseIdleConnections()
	})
}

// Endpoints says where the peer's services are. Of an unknown service it panics.
func (p *Peer) Endpoints() source.Endpoints {
	return func(service string) string {
		if service == source.EndpointBigQueryStorage {
			return "http://" + p.reader.addr
		}
		s, ok := p.servers[service]
		if !ok {
			panic("googlepeer: there is no service " + service)
		}
		return s.url
	}
}

// Project is the project that the peer was configured with.
func (p *Peer) Project() string { return p.config.Project }

var errClosed = errors.New("the peer is closed")
