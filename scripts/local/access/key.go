// Package access holds the access keys of the laptop stack: what each may do, and whether a request was signed with one.
package access

import (
	"slices"
	"strings"
	"sync"
)

// Key is an access key and what it may do in S3.
type Key struct {
	ID     string
	Secret string
	Grants []Grant
}

// Grant allows actions such as s3:GetObject on the objects of one bucket below a prefix.
// The action "*" is every action, the bucket "*" is every bucket.
// s3:ListBucket is granted for listings of the prefix and of what lies below it.
type Grant struct {
	Actions []string
	Bucket  string
	Prefix  string
}

// ReadOnly grants what reading a bucket takes.
func ReadOnly(bucket string) Grant {
	return Grant{Actions: []string{"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"}, Bucket: bucket}
}

// Everything grants every action on a bucket; "*" is every bucket.
func Everything(bucket string) Grant { return Grant{Actions: []string{"*"}, Bucket: bucket} }

func (g Grant) allows(action, bucket, key string) bool {
	return (g.Bucket == "*" || g.Bucket == bucket) &&
		strings.HasPrefix(key, g.Prefix) &&
		(slices.Contains(g.Actions, "*") || slices.Contains(g.Actions, action))
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

// Secret returns the secret of a key.
func (r *Ring) Secret(id string) (string, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[id]
	return k.Secret, ok
}

// Allows says whether the key of that id may do the action. For s3:ListBucket the key is the requested prefix.
func (r *Ring) Allows(id, action, bucket, key string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.ContainsFunc(r.keys[id].Grants, func(g Grant) bool { return g.allows(action, bucket, key) })
}
