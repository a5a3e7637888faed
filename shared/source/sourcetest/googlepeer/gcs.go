package googlepeer

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// storage is https://storage.googleapis.com: fake-gcs-server behind a guard that authenticates,
// authorises, and answers what the emulator gets wrong.
type storage struct {
	peer     *Peer
	emulator *emulator

	mu      sync.Mutex
	buckets map[string]Bucket
}

func newStorage(p *Peer) *storage {
	return &storage{peer: p, emulator: fakeGCS(), buckets: map[string]Bucket{}}
}

// Scopes of which Cloud Storage wants one.
const (
	scopeStorageRead  = "https://www.googleapis.com/auth/devstorage.read_only"
	scopeStorageWrite = "https://www.googleapis.com/auth/devstorage.read_write"
	scopeStorageFull  = "https://www.googleapis.com/auth/devstorage.full_control"
)

// storageRequest is a request to Cloud Storage, understood.
type storageRequest struct {
	bucket, object string
	permission     string // which it needs on the bucket; empty for testIamPermissions and for what changes something
	media          bool   // the answer is the content
	xml            bool   // of the XML API, which the client libraries download with
	test           bool
}

// parseStorage understands what a reader may ask for. Anything else is left
// without a permission, so it is refused and recorded.
func parseStorage(r *http.Request) storageRequest {
	path := r.URL.EscapedPath()
	rest, isJSON := cutAnyPrefix(path, "/storage/v1/b/", "/download/storage/v1/b/")
	if !isJSON {
		bucket, object, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		q := storageRequest{bucket: unescape(bucket), object: unescape(object), media: true, xml: true}
		if reads(r) && q.object != "" {
			q.permission = "storage.objects.get"
		}
		return q
	}
	bucket, sub, _ := strings.Cut(rest, "/")
	q := storageRequest{bucket: unescape(bucket), media: r.URL.Query().Get("alt") == "media"}
	kind, object, _ := strings.Cut(sub, "/")
	switch {
	case !reads(r):
	case sub == "iam/testPermissions":
		q.test = true
	case sub == "":
		q.permission = "storage.buckets.get"
	case kind == "o" && object == "":
		q.permission = "storage.objects.list"
	case kind == "o":
		q.object, q.permission = unescape(object), "storage.objects.get"
	}
	return q
}

func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := parseStorage(r)
	caller, refused := s.peer.authenticate(r.Header.Get("Authorization"), scopeStorageRead, scopeStorageWrite, scopeStorageFull)
	if refused == nil {
		refused = s.guard(r, q, caller)
	}
	if refused != nil {
		q.refuse(w, refused)
		return
	}
	if q.test {
		granted := s.peer.policy.allowed(caller, bucketResource(q.bucket), r.URL.Query()["permissions"])
		writeJSON(w, http.StatusOK, map[string]any{"kind": "storage#testIamPermissionsResponse", "permissions": granted})
		return
	}
	addr, err := s.emulator.start(r.Context())
	if err != nil {
		q.refuse(w, internal(err))
		return
	}
	s.proxy(addr, q).ServeHTTP(w, r)
}

// guard holds a request against everything that the emulator does not know.
func (s *storage) guard(r *http.Request, q storageRequest, caller string) *problem {
	if !reads(r) {
		s.peer.mutations.add(r.Method + " " + r.URL.Path)
	}
	s.mu.Lock()
	bucket, exists := s.buckets[q.bucket]
	s.mu.Unlock()
	resource := bucketResource(q.bucket)
	switch {
	case q.permission == "" && !q.test:
		return denied(caller, "storage.objects.create", "bucket")
	case q.permission != "" && !s.peer.policy.allows(caller, q.permission, resource):
		return denied(caller, q.permission, q.kind())
	case !exists:
		return notFound("The specified bucket does not exist.")
	}
	if refused := s.bill(r, caller, bucket); refused != nil || q.object == "" {
		return refused
	}
	return s.pin(r, q, caller)
}

// bill checks who pays: https://cloud.google.com/storage/docs/requester-pays.
func (s *storage) bill(r *http.Request, caller string, bucket Bucket) *problem {
	project := r.URL.Query().Get("userProject")
	if project == "" {
		project = r.Header.Get("X-Goog-User-Project")
	}
	switch {
	case project == "" && bucket.RequesterPays:
		return &problem{
			status: http.StatusBadRequest, reason: "required",
			message: "Bucket is a requester pays bucket but no user project provided.",
		}
	case project != "":
		return s.peer.usesProject(caller, project)
	}
	return nil
}

// usesProject checks that a caller may have requests counted on a project.
func (p *Peer) usesProject(caller, project string) *problem {
	if p.policy.allows(caller, "serviceusage.services.use", "projects/"+project) {
		return nil
	}
	return &problem{
		status: http.StatusForbidden, reason: "forbidden",
		message: "Caller does not have required permission to use project " + project +
			". Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission.",
		details: []any{errorInfo("USER_PROJECT_DENIED")},
	}
}

func (q storageRequest) kind() string {
	if q.object != "" {
		return "object"
	}
	return "bucket"
}

func denied(caller, permission, kind string) *problem {
	return &problem{status: http.StatusForbidden, reason: "forbidden", message: caller + " does not have " + permission +
		" access to the Google Cloud Storage " + kind + ". Permission '" + permission + "' denied on resource (or it may not exist)."}
}

// proxy passes a request on.
func (s *storage) proxy(addr string, q storageRequest) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: s.peer.http.Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = addr
			r.Out.Header.Del("Authorization")
		},
		ModifyResponse: func(r *http.Response) error {
			if q.permission == "storage.buckets.get" && r.StatusCode == http.StatusOK {
				return s.describe(r, q.bucket)
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // either side hung up
	}
}

// describe puts right what the emulator says of a bucket.
func (s *storage) describe(r *http.Response, name string) error {
	var answer map[string]any
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return err
	}
	s.mu.Lock()
	bucket := s.buckets[name]
	s.mu.Unlock()
	answer["location"] = bucket.Location
	answer["versioning"] = map[string]bool{"enabled": bucket.Versioned}
	answer["billing"] = map[string]bool{"requesterPays": bucket.RequesterPays}
	return replaceBody(r, mustJSON(answer))
}

func (s *storage) close() { s.emulator.close() }

func bucketResource(bucket string) string { return "projects/_/buckets/" + bucket }

func reads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

func cutAnyPrefix(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

func unescape(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}

// upstream is where the emulator is, for the peer's own seeding.
func (s *storage) upstream(ctx context.Context) (string, error) {
	addr, err := s.emulator.start(ctx)
	return "http://" + addr, err
}
