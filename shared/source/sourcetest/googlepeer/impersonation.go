package googlepeer

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// iamCredentials is https://iamcredentials.googleapis.com, generateAccessToken only.
func (p *Peer) iamCredentials() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects/-/serviceAccounts/{action}", func(w http.ResponseWriter, r *http.Request) {
		answer, refused := p.generateAccessToken(r)
		if refused != nil {
			refused.write(w)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	})
	return mux
}

func (p *Peer) generateAccessToken(r *http.Request) (map[string]string, *problem) {
	email, ok := strings.CutSuffix(r.PathValue("action"), ":generateAccessToken")
	if !ok {
		return nil, notFound("Method not found.")
	}
	caller, refused := p.authenticate(r.Header.Get("Authorization"), "https://www.googleapis.com/auth/iam")
	if refused != nil {
		return nil, refused
	}
	const permission = "iam.serviceAccounts.getAccessToken"
	p.identity.mu.Lock()
	target := p.identity.accounts[email]
	p.identity.mu.Unlock()
	if target == nil || !p.policy.allows(caller, permission, "projects/-/serviceAccounts/"+email) {
		return nil, &problem{
			status: http.StatusForbidden, reason: "forbidden",
			message: "Permission '" + permission + "' denied on resource (or it may not exist).",
			details: []any{map[string]any{
				"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED", "domain": "iam.googleapis.com",
				"metadata": map[string]string{"permission": permission},
			}},
		}
	}
	var body struct {
		Scope    []string `json:"scope"`
		Lifetime string   `json:"lifetime"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Scope) == 0 {
		return nil, &problem{status: http.StatusBadRequest, reason: "badRequest", message: "Request contains an invalid argument."}
	}
	wanted, _ := time.ParseDuration(body.Lifetime) // absent means the longest
	token, lifetime := p.identity.issue(email, body.Scope, wanted)
	return map[string]string{"accessToken": token, "expireTime": time.Now().Add(lifetime).UTC().Format(time.RFC3339)}, nil
}
