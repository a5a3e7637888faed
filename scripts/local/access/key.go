// Package access holds the access keys of the laptop stack: what each may do, and whether a request was signed with one.
package access

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Key is an access key and what it may do: what a grant or the policy allows,
// within the session's policy.
type Key struct {
	ID     string
	Secret string
	Grants []Grant
	Policy *Policy

	// Of temporary credentials: what goes with every request, when it ends, who
	// it is and what the session is limited to.
	Token   string
	Expires time.Time
	ARN     string
	Session *Policy
}

// expired reports whether the key was temporary and has ended.
func (k Key) expired() bool { return !k.Expires.IsZero() && time.Now().After(k.Expires) }

// Grant allows actions such as s3:GetObject. The action "*" is every action.
//
// In S3 it is for the objects of one bucket below a prefix, and for listings of the prefix and of what lies below it; the
// bucket "*" is every bucket. Elsewhere it is for resources, by ARN, in which * stands for any text. Everything("*") is for
// all of them.
type Grant struct {
	Actions   []string
	Bucket    string
	Prefix    string
	Resources []string
	// LeadingKeys, if there are any, limits the grant to partition keys that match one of these patterns.
	LeadingKeys []string
}

// ReadOnly grants what reading a bucket takes.
func ReadOnly(bucket string) Grant {
	return Grant{Actions: []string{"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"}, Bucket: bucket}
}

// Everything grants every action on a bucket; "*" is every bucket.
func Everything(bucket string) Grant { return Grant{Actions: []string{"*"}, Bucket: bucket} }

func (g Grant) allows(action, bucket, key string) bool {
	return (g.Bucket == "*" || g.Bucket == bucket) && strings.HasPrefix(key, g.Prefix) && g.has(action)
}

func (g Grant) meets(n Need) bool {
	if !g.has(n.Action) {
		return false
	}
	return g.Bucket == "*" && g.Prefix == "" || matchAny(g.Resources, n.Resource) && g.leads(n.LeadingKeys)
}

func (g Grant) leads(keys []string) bool {
	return g.LeadingKeys == nil || !slices.ContainsFunc(keys, func(key string) bool { return !matchAny(g.LeadingKeys, key) })
}

func matchAny(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return Match(pattern, text) })
}

func (g Grant) has(action string) bool {
	return slices.Contains(g.Actions, "*") || slices.Contains(g.Actions, action)
}

// Match says whether a text fits a pattern in which * stands for any text.
func Match(pattern, text string) bool {
	first, rest, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == text
	}
	text, ok = strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for i := range len(text) + 1 {
		if Match(rest, text[i:]) {
			return true
		}
	}
	return false
}

// Ring is the set of keys in force. It is safe for concurrent use.
type Ring struct {
	mu   sync.RWMutex
	keys map[string]Key
}

// NewRing returns a ring of the given keys.
func NewRing(keys ...Key) *Ring {
	r := &Ring{keys: map[string]Key{}}
	for _, k := range keys {
		r.Put(k)
	}
	return r
}

// Put adds a key, or replaces the one of the same id.
func (r *Ring) Put(k Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[k.ID] = k
}

// Revoke forgets a key: it is unknown from now on.
func (r *Ring) Revoke(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.keys, id)
}

// Sweep forgets temporary keys that ended an hour ago: until then whoever uses one is told that it has expired.
func (r *Ring) Sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.keys, func(_ string, k Key) bool { return !k.Expires.IsZero() && time.Since(k.Expires) > time.Hour })
}

// Expire ends every temporary key now.
func (r *Ring) Expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, k := range r.keys {
		if !k.Expires.IsZero() {
			k.Expires = time.Now()
			r.keys[id] = k
		}
	}
}

// Key returns the key of that id.
func (r *Ring) Key(id string) (Key, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[id]
	return k, ok
}

// Secret returns the secret of a key.
func (r *Ring) Secret(id string) (string, bool) {
	k, ok := r.Key(id)
	return k.Secret, ok
}

// Allows says whether the key of that id may do the action in S3. For s3:ListBucket the key is the requested prefix.
func (r *Ring) Allows(id, action, bucket, key string) bool {
	k, _ := r.Key(id)
	request := objectRequest(action, bucket, key)
	if !slices.ContainsFunc(k.Grants, func(g Grant) bool { return g.allows(action, bucket, key) }) && (k.Policy == nil || !k.Policy.Allows(request)) {
		return false
	}
	return k.Session == nil || k.Session.Allows(request)
}

// objectRequest is a request to S3 as policies see it.
func objectRequest(action, bucket, key string) Request {
	r := Request{Action: action, Resource: "arn:aws:s3:::" + bucket}
	switch {
	case bucket == "":
		r.Resource = "*"
	case action == "s3:ListBucket" || action == "s3:ListBucketVersions":
		r.Context = map[string]string{"s3:prefix": key}
	case key != "":
		r.Resource += "/" + key
	}
	return r
}

// Need is one permission that a request to another service than S3 takes: an action on a resource, in DynamoDB for the
// partition keys that it concerns.
type Need struct {
	Action, Resource string
	LeadingKeys      []string
}

// Meets says whether one grant of the key of that id gives the permission.
func (r *Ring) Meets(id string, n Need) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.ContainsFunc(r.keys[id].Grants, func(g Grant) bool { return g.meets(n) })
}
