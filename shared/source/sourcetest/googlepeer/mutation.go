package googlepeer

import (
	"slices"
	"sync"
)

// recorder keeps the calls that would change something.
type recorder struct {
	mu    sync.Mutex
	calls []string
}

func (r *recorder) add(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
}

// Mutations are the calls of clients that change something, or would if they
// were allowed to: "POST /bigquery/v2/projects/…", "query: INSERT". What the
// peer's own methods seed is not among them; nil means that nobody tried.
func (p *Peer) Mutations() []string {
	p.mutations.mu.Lock()
	defer p.mutations.mu.Unlock()
	return slices.Clone(p.mutations.calls)
}
