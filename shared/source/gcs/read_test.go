package gcs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// rowsOf plans and reads a table; between is called after each batch.
func rowsOf(t *testing.T, s *source.Source, table string, between func()) int {
	t.Helper()
	rows, err := tryRows(t, s, planOf(t, s, table), between)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func planOf(t *testing.T, s *source.Source, table string) source.Plan {
	t.Helper()
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: table}})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func tryRows(t *testing.T, s *source.Source, plan source.Plan, between func()) (rows int, err error) {
	t.Helper()
	for _, split := range plan.Splits {
		r, err := s.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: split})
		if err != nil {
			return rows, err
		}
		for {
			batch, err := r.Next(t.Context())
			if err != nil {
				if closeErr := r.Close(); closeErr != nil {
					t.Error(closeErr)
				}
				if errors.Is(err, io.EOF) {
					break
				}
				return rows, err
			}
			rows += int(batch.Record.NumRows())
			batch.Release()
			if between != nil {
				between()
			}
		}
	}
	return rows, nil
}

// TestTokensEndBetweenFiles ends the token after every batch: each of the
// split's files is opened with a new one.
func TestTokensEndBetweenFiles(t *testing.T) {
	objects := map[string]string{}
	for i := range 5 {
		objects[fmt.Sprintf("t/%d.csv", i)] = users(10)
	}
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, objects)
	ended := 0
	got := rowsOf(t, open(t, peer.Endpoints(), byKey(peer, reader)), "t", func() {
		peer.ExpireTokens()
		ended++
	})
	if got != 50 || ended < 5 {
		t.Errorf("%d rows and %d ended tokens, want 50 and one for each file", got, ended)
	}
}

func TestARunReadsTheGenerationThatWasListed(t *testing.T) {
	for name, tt := range map[string]struct {
		bucket googlepeer.Bucket
		change func(t *testing.T, peer *googlepeer.Peer)
		kept   bool
	}{
		"replaced, old generations kept": {googlepeer.Bucket{Name: bucket, Versioned: true}, replace, true},
		"replaced":                       {googlepeer.Bucket{Name: bucket}, replace, false},
		"deleted": {googlepeer.Bucket{Name: bucket}, func(t *testing.T, peer *googlepeer.Peer) {
			if err := peer.DeleteObject(t.Context(), bucket, prefix+"/t/a.csv"); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			peer := cloud(t, tt.bucket, map[string]string{"t/a.csv": users(3)})
			s := open(t, peer.Endpoints(), byKey(peer, reader))
			plan := planOf(t, s, "t")
			tt.change(t, peer)
			rows, err := tryRows(t, s, plan, nil)
			e, _ := fault.As(err)
			switch {
			case tt.kept && (err != nil || rows != 3):
				t.Errorf("%d rows, %v; want the 3 that were listed", rows, err)
			case !tt.kept && (fault.CodeOf(err) != fault.SourceChanged || !strings.Contains(e.Message, "t/a.csv")):
				t.Errorf("got %v, want %s with the file's name", err, fault.SourceChanged)
			}
		})
	}
}

func replace(t *testing.T, peer *googlepeer.Peer) { put(t, peer, prefix+"/t/a.csv", users(4)) }

// noTime keeps http.ServeContent from comparing times.
var noTime time.Time

// vault is a Cloud Storage of generated objects, for what the emulator cannot hold.
type vault struct {
	objects  int
	content  func(i int) []byte
	encoding string                                      // Content-Encoding of the objects
	refuse   atomic.Pointer[func(w http.ResponseWriter)] // answers downloads, when there is one

	names []string // sorted
	pages atomic.Int64
	agent atomic.Pointer[string] // of the last request
}

func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	agent := r.UserAgent()
	v.agent.Store(&agent)
	refuse := v.refuse.Load()
	switch {
	case strings.HasSuffix(r.URL.Path, "/o"):
		v.list(w, r)
	case refuse != nil:
		(*refuse)(w)
	default:
		v.download(w, r)
	}
}

func (v *vault) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	v.pages.Add(1)
	most, _ := strconv.Atoi(query.Get("maxResults"))
	from, _ := slices.BinarySearch(v.names, query.Get("pageToken"))
	type object struct {
		Name       string `json:"name"`
		Size       string `json:"size"`
		Generation string `json:"generation"`
	}
	answer := struct {
		Items []object `json:"items"`
		Next  string   `json:"nextPageToken,omitempty"`
	}{}
	for _, name := range v.names[from:min(from+most, len(v.names))] {
		answer.Items = append(answer.Items, object{name, strconv.Itoa(len(v.content(0))), "7"})
	}
	if from+most < len(v.names) {
		answer.Next = v.names[from+most]
	}
	_ = json.NewEncoder(w).Encode(answer) // the client is gone
}

// download serves what is stored to whoever can decompress it, and all of the
// text to others, whatever range they ask for; as Cloud Storage does.
func (v *vault) download(w http.ResponseWriter, r *http.Request) {
	content := v.content(0)
	if v.encoding != "" && !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = io.WriteString(w, "decompressed on the way")
		return
	}
	if v.encoding != "" {
		w.Header().Set("Content-Encoding", v.encoding)
	}
	http.ServeContent(w, r, "", noTime, bytes.NewReader(content))
}

func (v *vault) connect(t testing.TB, settings ...string) *source.Source {
	t.Helper()
	for i := range v.objects {
		v.names = append(v.names, fmt.Sprintf("%s/t%d/%06d.csv", prefix, i%10, i))
	}
	slices.Sort(v.names)
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	peer := googlepeer.Run(t, googlepeer.Config{})
	cfg := byKey(peer, reader)
	cfg.Connection = "con_01"
	for i := 0; i < len(settings); i += 2 {
		cfg = with(cfg, settings[i], settings[i+1])
	}
	return open(t, storageAt(peer, server.URL), cfg)
}

func TestAHundredThousandObjectsAreListedInPages(t *testing.T) {
	v := &vault{objects: 100_000, content: func(int) []byte { return []byte("id\n1\n") }}
	s := v.connect(t)
	page, err := s.Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if v.pages.Load() != 100 {
		t.Errorf("%d pages, want 100", v.pages.Load())
	}
	files := map[string]int64{}
	for _, table := range page.Tables {
		files[table.Name] = table.Files
	}
	want := map[string]int64{}
	for i := range 10 {
		want[fmt.Sprint("t", i)] = 10_000
	}
	if !maps.Equal(files, want) {
		t.Errorf("files by table: %v", files)
	}
}

// TestAnObjectStoredWithContentEncodingIsReadAsItIsStored: sizes and ranges are
// of what is stored, so it must not be decompressed on the way.
func TestAnObjectStoredWithContentEncodingIsReadAsItIsStored(t *testing.T) {
	text := []byte(gzipped(t, users(1000)))
	v := &vault{objects: 1, content: func(int) []byte { return text }, encoding: "gzip"}
	if got := rowsOf(t, v.connect(t), "t0", nil); got != 1000 {
		t.Errorf("%d rows, want 1000", got)
	}
}

// TestRequestsNameTheConnection: Google's audit logs keep the User-Agent.
func TestRequestsNameTheConnection(t *testing.T) {
	v := &vault{objects: 1, content: func(int) []byte { return []byte("a\n1\n") }}
	rowsOf(t, v.connect(t), "t0", nil)
	if agent := *v.agent.Load(); !strings.HasPrefix(agent, "headwater/con_01") {
		t.Errorf("User-Agent %q", agent)
	}
}

func TestWhatIsWrongWithAnObjectIsNamed(t *testing.T) {
	const form = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>%s</Message></Error>`
	for name, tt := range map[string]struct {
		status        int
		code, message string
		want          fault.Code
		says          string
	}{
		"Cloud Storage may not use the key": {403, "AccessDenied", "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized to use this key.", fault.SourcePermission, "Cloud KMS key"},
		"the key is disabled":               {400, "CloudKmsDisabledKey", "x", fault.SourcePermission, "Cloud KMS key"},
		"a key of the owner's":              {400, "ResourceIsEncryptedWithCustomerEncryptionKey", "The target object is encrypted by a customer-supplied encryption key.", fault.SourceUnsupported, "CSEK"},
		"gone":                              {404, "NoSuchKey", "x", fault.SourceChanged, "replaced or removed"},
		"shorter":                           {416, "InvalidRange", "x", fault.SourceChanged, "replaced or removed"},
		"the requester pays":                {400, "UserProjectMissing", "Bucket is a requester pays bucket but no user project provided.", fault.SourceInvalidConfig, "project"},
		"the owner does not pay":            {403, "AccountDisabled", "x", fault.SourcePermission, "disabled"},
		"too fast":                          {429, "SlowDown", "x", fault.SourceRateLimited, "slow down"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var refused atomic.Bool
			v := &vault{objects: 1, content: func(int) []byte { return []byte("a\n1\n") }}
			s := v.connect(t)
			plan := planOf(t, s, "t0")
			refuse := func(w http.ResponseWriter) {
				refused.Store(true)
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, form, tt.code, tt.message)
			}
			v.refuse.Store(&refuse)
			_, err := tryRows(t, s, plan, nil)
			e, _ := fault.As(err)
			if !refused.Load() || fault.CodeOf(err) != tt.want || !strings.Contains(e.Message, tt.says) {
				t.Errorf("got %v, want %s with %q", err, tt.want, tt.says)
			}
			if tt.want != fault.SourceChanged && !strings.Contains(err.Error(), tt.code) {
				t.Errorf("the provider's words are lost: %v", err)
			}
		})
	}
}
