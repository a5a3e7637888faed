package googlepeer

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

// keyFile is a service-account key as Google makes it.
type keyFile struct {
	Type          string `json:"type"`
	ProjectID     string `json:"project_id"`
	PrivateKeyID  string `json:"private_key_id"`
	PrivateKey    string `json:"private_key"`
	ClientEmail   string `json:"client_email"`
	ClientID      string `json:"client_id"`
	AuthURI       string `json:"auth_uri"`
	TokenURI      string `json:"token_uri"`
	CertsURL      string `json:"auth_provider_x509_cert_url"`
	ClientCertURL string `json:"client_x509_cert_url"`
	Universe      string `json:"universe_domain"`
}

// ServiceAccount makes a service account, unless there is one with this email,
// and a new key for it, in the JSON form that Google hands out. The account may do nothing yet.
func (p *Peer) ServiceAccount(email string) []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("googlepeer: making a key: " + err.Error()) // only when the system has no randomness
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic("googlepeer: encoding a key: " + err.Error()) // RSA keys have an encoding
	}
	sum := sha256.Sum256(der)
	id := hex.EncodeToString(sum[:20])
	p.identity.mu.Lock()
	if p.identity.accounts[email] == nil {
		p.identity.accounts[email] = &account{}
	}
	p.identity.keys[id] = &accountKey{email: email, public: &key.PublicKey}
	p.identity.mu.Unlock()
	return mustJSON(keyFile{
		Type: "service_account", ProjectID: p.projectOf(email), PrivateKeyID: id,
		PrivateKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		ClientEmail: email, ClientID: "103456789012345678901",
		AuthURI: "https://accounts.google.com/o/oauth2/auth", TokenURI: p.servers[source.EndpointGoogleOAuth].url + "/token",
		CertsURL: "https://www.googleapis.com/oauth2/v1/certs", ClientCertURL: "https://www.googleapis.com/robot/v1/metadata/x509/" + email,
		Universe: "googleapis.com",
	})
}

// projectOf reads the project out of name@project.iam.gserviceaccount.com.
func (p *Peer) projectOf(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	if project, ok := strings.CutSuffix(domain, ".iam.gserviceaccount.com"); ok {
		return project
	}
	return p.config.Project
}

// DeleteKey deletes a service-account key, given as its file. Tokens that it
// got stay good, as Google's do.
func (p *Peer) DeleteKey(file []byte) {
	var key keyFile
	if err := json.Unmarshal(file, &key); err != nil {
		panic("googlepeer: not a key file: " + err.Error())
	}
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	if k := p.identity.keys[key.PrivateKeyID]; k != nil {
		k.deleted = true
	}
}

// DisableAccount disables a service account: its keys get no token any more,
// and the tokens it has are refused.
func (p *Peer) DisableAccount(email string) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	if a := p.identity.accounts[email]; a != nil {
		a.disabled = true
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("googlepeer: encoding: " + err.Error()) // only types of this package come here
	}
	return b
}
