package googlepeer

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is something that goes wrong with a service's HTTP API.
type Fault struct {
	Service string                   // "bigquery"; see source.Endpoints
	Match   func(*http.Request) bool // which requests; nil is every one
	Times   int                      // how many of them; 0 is every one until ClearFaults

	Delay      time.Duration // before anything else
	Status     int           // 0 delays only
	Reason     string        // errors[0].reason: "rateLimitExceeded", "quotaExceeded", "backendError"
	Message    string
	RetryAfter time.Duration // the Retry-After header
	Hangup     bool          // cut the connection instead of answering
}

type faults struct {
	mu     sync.Mutex
	active []*Fault
	reads  []*ReadFault
	jobs   []*JobFault
}

// Inject makes requests fail, before anything else is looked at.
func (p *Peer) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = -1
	}
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.active = append(p.faults.active, &f)
}

// ClearFaults takes back everything that Inject, InjectJob and InjectRead set up.
func (p *Peer) ClearFaults() {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.active, p.faults.reads, p.faults.jobs = nil, nil, nil
}

// next uses one of the fault's times up.
func (f *faults) next(service string, r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.active {
		if fault.Service != service || fault.Match != nil && !fault.Match(r) {
			continue
		}
		if fault.Times--; fault.Times == 0 {
			f.active = slices.Delete(f.active, i, i+1)
		}
		return *fault, true
	}
	return Fault{}, false
}

// faulty puts the injected faults in front of a service.
func (p *Peer) faulty(service string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := p.faults.next(service, r)
		if !ok {
			handler.ServeHTTP(w, r)
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(f.Delay):
		}
		switch {
		case f.Hangup:
			panic(http.ErrAbortHandler)
		case f.Status == 0:
			handler.ServeHTTP(w, r)
		default:
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
			}
			(&problem{status: f.Status, reason: f.Reason, message: f.Message}).write(w)
		}
	})
}

// JobFault is a query job that was accepted and fails: "rateLimitExceeded",
// "backendError", "resourcesExceeded".
type JobFault struct {
	Times   int // how many jobs; 0 is every one until ClearFaults
	Reason  string
	Message string
}

// InjectJob makes query jobs fail that would have run.
func (p *Peer) InjectJob(f JobFault) {
	if f.Times == 0 {
		f.Times = -1
	}
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.jobs = append(p.faults.jobs, &f)
}

// nextJob returns the failure that the next job is to have, nil when none.
func (f *faults) nextJob() *problem {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.jobs) == 0 {
		return nil
	}
	fault := f.jobs[0]
	if fault.Times--; fault.Times == 0 {
		f.jobs = f.jobs[1:]
	}
	return &problem{status: jobStatus(fault.Reason), reason: fault.Reason, message: fault.Message}
}

// jobStatus is the HTTP status that goes with a reason.
// Source: https://cloud.google.com/bigquery/docs/error-messages.
func jobStatus(reason string) int {
	switch reason {
	case "rateLimitExceeded", "quotaExceeded", "accessDenied":
		return http.StatusForbidden
	case "backendError", "jobBackendError", "internalError", "jobInternalError", "jobRateLimitExceeded":
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// ReadFault is something that goes wrong with the Storage Read API.
type ReadFault struct {
	Method       string        // "CreateReadSession" or "ReadRows"
	Times        int           // how many calls; 0 is every one until ClearFaults
	AfterBatches int           // of ReadRows: how many batches still come
	Stall        time.Duration // then nothing comes for so long, or until the client goes away
	Err          error         // of status.Error; nil goes on
}

// InjectRead makes calls of the Storage Read API fail.
func (p *Peer) InjectRead(f ReadFault) {
	if f.Times == 0 {
		f.Times = -1
	}
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.reads = append(p.faults.reads, &f)
}

// strike does what a fault of a read does at its time. It returns nil when the read is to go on.
func (f ReadFault) strike(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.Stall):
		return f.Err
	}
}

func (f *faults) nextRead(method string) (ReadFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.reads {
		if fault.Method != method {
			continue
		}
		if fault.Times--; fault.Times == 0 {
			f.reads = slices.Delete(f.reads, i, i+1)
		}
		return *fault, true
	}
	return ReadFault{}, false
}
