package googlepeer

import (
	"encoding/json"
	"net/http"
	"strings"
)

// resourceManager is https://cloudresourcemanager.googleapis.com: testIamPermissions of a project, v1 and v3.
func (p *Peer) resourceManager() http.Handler {
	mux := http.NewServeMux()
	for _, version := range []string{"v1", "v3"} {
		mux.HandleFunc("POST /"+version+"/projects/{action}", func(w http.ResponseWriter, r *http.Request) {
			project, ok := strings.CutSuffix(r.PathValue("action"), ":testIamPermissions")
			if !ok {
				notFound("Method not found.").write(w)
				return
			}
			caller, refused := p.authenticate(r.Header.Get("Authorization"), scopePlatform+".read-only")
			if refused != nil {
				refused.write(w)
				return
			}
			answer, refused := p.testPermissions(r, caller, "projects/"+project)
			if refused != nil {
				refused.write(w)
				return
			}
			writeJSON(w, http.StatusOK, answer)
		})
	}
	return mux
}

// testPermissions answers which of the permissions in the body the caller has.
// As with Google, having none is no error: the field is then absent.
func (p *Peer) testPermissions(r *http.Request, caller, resource string) (any, *problem) {
	var body struct {
		Permissions []string `json:"permissions"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, invalid("Invalid JSON payload received.")
	}
	answer := map[string]any{}
	if granted := p.policy.allowed(caller, resource, body.Permissions); len(granted) > 0 {
		answer["permissions"] = granted
	}
	return answer, nil
}
