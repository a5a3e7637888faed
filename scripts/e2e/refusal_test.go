package e2e_test

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/caller"
)

// change is a copy of a request in which a field, by path, has another value; nil removes it.
func change(request object, path string, value any) object {
	out := maps.Clone(request)
	first, rest, deeper := strings.Cut(path, ".")
	switch {
	case deeper:
		out[first] = change(out[first].(object), rest, value)
	case value == nil:
		delete(out, first)
	default:
		out[first] = value
	}
	return out
}

func TestBadConnectionsAreRefusedByField(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	good := w.newConnection(here.Customer)
	secret := here.secret()
	for name, tt := range map[string]struct {
		path   string
		value  any
		status int
		code   string
	}{
		"unknown platform":                  {path: "platform", value: "s4", status: 422, code: "catalog.unknown_platform"},
		"no platform":                       {path: "platform", status: 422, code: "request.missing_field"},
		"no name":                           {path: "name", status: 422, code: "request.missing_field"},
		"no bucket":                         {path: "settings.bucket", status: 422, code: "request.missing_field"},
		"no secret":                         {path: "credentials.secret_access_key", status: 422, code: "request.missing_field"},
		"misspelt field":                    {path: "nmae", value: "x", status: 400, code: "request.unknown_field"},
		"misspelt setting":                  {path: "settings.buket", value: "x", status: 400, code: "request.unknown_field"},
		"misspelt credential":               {path: "credentials.acess_key_id", value: secret, status: 400, code: "request.unknown_field"},
		"setting of another type":           {path: "settings.bucket", value: 7, status: 422, code: "request.invalid"},
		"bucket as a URL":                   {path: "settings.bucket", value: "s3://shop", status: 422, code: "request.invalid"},
		"unknown auth method":               {path: "credentials.method", value: secret, status: 422, code: "request.invalid"},
		"secret among the settings":         {path: "settings.secret_access_key", value: secret, status: 422, code: "connection.secret_misplaced"},
		"secret as a field of its own":      {path: "secret_access_key", value: secret, status: 400, code: "request.unknown_field"},
		"secret where the access key id is": {path: "credentials.access_key_id", value: secret, status: 422, code: "request.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.send(t, http.MethodPost, "/v1/connections", change(good, tt.path, tt.value))
			got.refused(t, tt.status, tt.code).at(t, tt.path, tt.code)
			if bytes.Contains(got.body, []byte(secret)) {
				t.Error("the answer repeats a secret")
			}
		})
	}
	t.Run("nothing was made", func(t *testing.T) {
		var page list[connection]
		if w.get(t, "/v1/connections", &page); len(page.Items) != 0 {
			t.Errorf("there are connections: %+v", page.Items)
		}
	})
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	if got := w.send(t, http.MethodPost, "/v1/connections", strings.Repeat("x", 11<<20)); got.status != 413 { // API Gateway itself
		t.Errorf("11 MiB: %d", got.status)
	}
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"no JSON":         {"name=shop", 400, "request.malformed"},
		"half an object":  {`{"name": "shop"`, 400, "request.malformed"},
		"two objects":     {`{"name": "shop"} {}`, 400, "request.malformed"},
		"a list":          {`[]`, 422, "request.invalid"},
		"a field twice":   {`{"name": "a", "name": "b"}`, 400, "request.malformed"},
		"nothing at all":  {"", 400, "request.malformed"},
		"more than 1 MiB": {`{"name": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "request.too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			w.send(t, http.MethodPost, "/v1/connections", tt.body).refused(t, tt.status, tt.code)
			w.send(t, http.MethodPost, "/v1/imports", tt.body).refused(t, tt.status, tt.code)
		})
	}
}

func TestCallersAreCheckedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, caller.ImportsRead)
	wrong := w
	wrong.key, _ = caller.NewKey()
	for name, tt := range map[string]struct {
		who          workspace
		method, path string
		status       int
	}{
		"no key":        {workspace{}, http.MethodGet, "/v1/connections", 401},
		"wrong key":     {wrong, http.MethodGet, "/v1/connections", 403},
		"no key at all": {workspace{key: "none"}, http.MethodGet, "/v1/connections", 403},
	} {
		t.Run(name, func(t *testing.T) { // API Gateway itself answers
			if got := tt.who.send(t, tt.method, tt.path, nil); got.status != tt.status {
				t.Errorf("got %d: %s", got.status, got.body)
			}
		})
	}
	w.send(t, http.MethodGet, "/v1/connection", nil).refused(t, 404, "request.not_found")
	w.send(t, http.MethodDelete, "/v1/connections", nil).refused(t, 405, "request.method")
	for operation, lacking := range map[string]string{
		"GET /v1/catalog":                     caller.ConnectionsRead,
		"GET /v1/catalog/s3":                  caller.ConnectionsRead,
		"GET /v1/connections":                 caller.ConnectionsRead,
		"GET /v1/connections/x":               caller.ConnectionsRead,
		"GET /v1/connections/x/grants":        caller.ConnectionsRead,
		"GET /v1/connections/x/schema":        caller.ConnectionsRead,
		"GET /v1/connections/x/schema/tables": caller.ConnectionsRead,
		"GET /v1/connections/x/validations/y": caller.ConnectionsRead,
		"POST /v1/connections":                caller.ConnectionsWrite,
		"POST /v1/connections/x/validations":  caller.ConnectionsWrite,
		"POST /v1/imports":                    caller.ImportsWrite,
		"POST /v1/imports/x/runs":             caller.ImportsWrite,
		"GET /v1/imports/x/rows":              caller.LakeRead,
		"GET /v1/profiles/x":                  caller.LakeRead,
	} {
		t.Run(operation, func(t *testing.T) {
			method, path, _ := strings.Cut(operation, " ")
			if p := w.send(t, method, path, nil).refused(t, 403, "caller.forbidden"); !strings.Contains(p.Detail, lacking) {
				t.Errorf("the lacking permission is not named: %s", p.Detail)
			}
		})
	}
	w.send(t, http.MethodGet, "/v1/imports", nil).decode(t, &list[imported]{})
}

func TestCursorsOfNoListAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	for _, path := range []string{"/v1/connections", "/v1/imports"} {
		for _, cursor := range []string{"x", "eyJrIjoicnVucyJ9", strings.Repeat("A", 2000)} {
			w.send(t, http.MethodGet, path+"?cursor="+cursor, nil).refused(t, 400, "request.invalid_cursor").at(t, "cursor", "request.invalid_cursor")
		}
		for _, limit := range []string{"0", "201", "x"} {
			w.send(t, http.MethodGet, path+"?limit="+limit, nil).refused(t, 422, "request.invalid").at(t, "limit", "request.invalid")
		}
	}
}

func TestWhatIsAnotherWorkspacesDoesNotExist(t *testing.T) {
	t.Parallel()
	owner, stranger := newWorkspace(t), newWorkspace(t)
	owner.put(t, "people/a.csv", people(1, 3).csv())
	stranger.put(t, "people/a.csv", people(1, 3).csv())
	theirs, ours := owner.active(t), stranger.active(t)
	i := owner.importing(t, theirs, "people", "append")
	r := owner.succeed(t, i, counts{Read: 3, Written: 3})
	for path, code := range map[string]string{
		"/v1/connections/" + theirs.ID:                           "connection.not_found",
		"/v1/connections/" + theirs.ID + "/grants":               "connection.not_found",
		"/v1/connections/" + theirs.ID + "/schema":               "connection.not_found",
		"/v1/connections/" + theirs.ID + "/schema/tables?name=a": "connection.not_found",
		"/v1/imports/" + i.ID:                                    "import.not_found",
		"/v1/imports/" + i.ID + "/runs":                          "import.not_found",
		"/v1/imports/" + i.ID + "/runs/" + r.ID:                  "run.not_found",
		"/v1/imports/" + i.ID + "/runs/" + r.ID + "/splits":      "run.not_found",
		"/v1/imports/" + i.ID + "/rows":                          "import.not_found",
		"/v1/profiles/u1":                                        "profile.not_found",
		"/v1/connections/con_00000000000000000000000000":         "connection.not_found",
		"/v1/imports/" + i.ID + "/runs/run_00000000000000000000": "run.not_found",
	} {
		stranger.send(t, http.MethodGet, path, nil).refused(t, 404, code)
	}
	stranger.send(t, http.MethodPost, "/v1/imports/"+i.ID+"/runs", nil).refused(t, 404, "import.not_found")
	stranger.send(t, http.MethodPost, "/v1/connections/"+theirs.ID+"/validations", nil).refused(t, 404, "connection.not_found")
	stranger.send(t, http.MethodPost, "/v1/imports", newImport(theirs, "people", "append")).
		refused(t, 404, "connection.not_found").at(t, "connection_id", "connection.not_found")
	var all list[connection]
	if stranger.get(t, "/v1/connections", &all); len(all.Items) != 1 || all.Items[0].ID != ours.ID {
		t.Errorf("a stranger's list: %+v", all.Items)
	}
}

func TestBadImportsAreRefusedByField(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	good := newImport(w.active(t), "people", "append")
	column := func(source, target string) []object {
		return []object{{"source": "user_id", "target": "identifier"}, {"source": source, "target": target}}
	}
	for name, tt := range map[string]struct {
		path   string
		value  any
		status int
		code   string
		field  string
	}{
		"column that is not there":   {"mapping", column("nmae", "name"), 422, "import.unknown_column", "mapping[1].source"},
		"mapping without identifier": {"mapping", column("name", "name")[1:], 422, "import.missing_identifier", "mapping"},
		"target twice":               {"mapping", column("name", "identifier"), 422, "import.invalid_mapping", "mapping[1].target"},
		"target with a space":        {"mapping", column("name", "full name"), 422, "import.invalid_mapping", "mapping[1].target"},
		"empty mapping":              {"mapping", []object{}, 422, "request.missing_field", "mapping"},
		"table that is not there":    {"table", "peple", 404, "schema.table_not_found", "table"},
		"unknown type":               {"type", "users", 422, "request.invalid", "type"},
		"unknown mode":               {"mode", "mirror", 422, "request.invalid", "mode"},
		"negative interval":          {"every_hours", -1, 422, "request.invalid", "every_hours"},
		"misspelt field":             {"tabel", "people", 400, "request.unknown_field", "tabel"},
		"misspelt field in mapping":  {"mapping", []object{{"source": "user_id", "traget": "identifier"}}, 400, "request.unknown_field", "mapping[0].traget"},
	} {
		t.Run(name, func(t *testing.T) {
			w.send(t, http.MethodPost, "/v1/imports", change(good, tt.path, tt.value)).refused(t, tt.status, tt.code).at(t, tt.field, tt.code)
		})
	}
	t.Run("name that is taken, in other letters", func(t *testing.T) {
		w.post(t, "/v1/imports", change(good, "name", "People"), &imported{})
		w.send(t, http.MethodPost, "/v1/imports", change(good, "name", "PEOPLE")).refused(t, 409, "import.name_taken")
	})
}

func TestTheContractNeedsNoKey(t *testing.T) {
	t.Parallel()
	got := workspace{}.send(t, http.MethodGet, "/openapi.yaml", nil)
	if media := got.header.Get("Content-Type"); got.status != http.StatusOK || !strings.HasPrefix(media, "application/yaml") {
		t.Fatalf("status %d, %s", got.status, media)
	}
	if !bytes.HasPrefix(got.body, []byte("openapi: 3.1.0")) || !bytes.Contains(got.body, []byte("/v1/profiles/{identifier}:")) {
		t.Errorf("this is not the contract: %.200s", got.body)
	}
}
