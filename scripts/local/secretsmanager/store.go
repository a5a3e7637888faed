package secretsmanager

import (
	"crypto/rand"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/awsjson"
)

// store holds the secrets in memory and in the vault. Every operation runs under its lock; a write is in the vault before it
// is answered.
type store struct {
	prefix string // of every ARN
	now    func() time.Time

	mu      sync.Mutex
	vault   *vault
	secrets map[string]*secret // by name
}

var (
	validName   = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)
	completeARN = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

func fault(code, message string) *awsjson.Fault { return &awsjson.Fault{Code: code, Message: message} }

func checkName(name string) error {
	if !validName.MatchString(name) {
		return &awsjson.Fault{
			Code: "ValidationException", LowerCase: true,
			Message: "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
		}
	}
	return nil
}

// find returns a secret by name, ARN, or ARN without its random end. An id that ends like a whole ARN is taken for one.
func (s *store) find(id string) (*secret, error) {
	name, isARN := strings.CutPrefix(id, s.prefix)
	if !isARN {
		if err := checkName(id); err != nil {
			return nil, err
		}
	}
	for _, sec := range s.secrets {
		if sec.ARN == id || sec.Name == name && (!isARN || !completeARN.MatchString(name)) {
			if !sec.DeletionDate.IsZero() && s.now().After(sec.DeletionDate) {
				delete(s.secrets, sec.Name)
				break
			}
			return sec, nil
		}
	}
	return nil, fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// live is find for what a secret marked for deletion cannot do.
func (s *store) live(id string) (*secret, error) {
	sec, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if !sec.Deleted.IsZero() {
		return nil, fault("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return sec, nil
}

func (s *store) save() error { return s.vault.save(s.secrets) }

func (s *store) newARN(name string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	random := make([]byte, 6)
	_, _ = rand.Read(random) // never fails
	for i, b := range random {
		random[i] = letters[int(b)%len(letters)]
	}
	return s.prefix + name + "-" + string(random)
}

// newVersion adds a version under the token, or finds that the same request has already been made.
func (s *store) newVersion(sec *secret, token string, v value, stages []string) (*version, error) {
	added := &version{ID: token, String: v.SecretString, Binary: v.SecretBinary, Created: s.now(), KmsKeyID: sec.KmsKeyID}
	if known := sec.version(token); known != nil {
		if !known.sameValue(added) {
			return nil, fault("ResourceExistsException", "You can't use ClientRequestToken "+token+" because that value is already in use for a version of secret "+sec.ARN+".")
		}
		return known, nil
	}
	sec.Versions = append(sec.Versions, added)
	for _, stage := range stages {
		if stage == current {
			if old := sec.staged(current); old != nil {
				old.drop(pending)
			}
		}
		sec.move(stage, added)
	}
	sec.Changed = s.now()
	return added, nil
}

const (
	minToken = 32
	maxToken = 64
	maxValue = 65536
)

func checkToken(token string) error {
	if token == "" {
		return fault("InvalidRequestException", "You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	}
	if len(token) < minToken || len(token) > maxToken {
		return fault("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
	}
	return nil
}

func (v value) check() error {
	if v.SecretString != nil && v.SecretBinary != nil {
		return fault("InvalidParameterException", "You can't specify both a binary secret value and a string secret value in the same secret.")
	}
	if len(v.SecretBinary) > maxValue || v.SecretString != nil && len(*v.SecretString) > maxValue {
		return &awsjson.Fault{Code: "ValidationException", LowerCase: true, Message: "The secret value is larger than 65536 bytes."}
	}
	return nil
}

func (v value) empty() bool { return v.SecretString == nil && v.SecretBinary == nil }
