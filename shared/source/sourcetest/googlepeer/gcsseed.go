package googlepeer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Bucket is a bucket to create.
type Bucket struct {
	Name          string
	Location      string // Config.Location when empty
	Versioned     bool   // objects that are overwritten stay readable by generation
	RequesterPays bool
}

// CreateBucket makes a bucket, of the peer's project.
func (p *Peer) CreateBucket(ctx context.Context, b Bucket) error {
	if b.Location == "" {
		b.Location = p.config.Location
	}
	base, err := p.storage.upstream(ctx)
	if err != nil {
		return err
	}
	body := mustJSON(map[string]any{"name": b.Name, "versioning": map[string]bool{"enabled": b.Versioned}})
	status, answer, err := p.call(ctx, http.MethodPost, base+"/storage/v1/b?project="+url.QueryEscape(p.config.Project), "application/json", body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("creating bucket %s: %d %s", b.Name, status, answer)
	}
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	p.storage.buckets[b.Name] = b
	return nil
}

// PutObject writes an object and returns its generation.
func (p *Peer) PutObject(ctx context.Context, bucket, name, contentType string, content []byte) (int64, error) {
	base, err := p.storage.upstream(ctx)
	if err != nil {
		return 0, err
	}
	target := base + "/upload/storage/v1/b/" + url.PathEscape(bucket) + "/o?uploadType=media&name=" + url.QueryEscape(name)
	status, answer, err := p.call(ctx, http.MethodPost, target, contentType, content)
	if err != nil {
		return 0, err
	}
	var object struct {
		Generation string `json:"generation"`
	}
	if status != http.StatusOK || json.Unmarshal(answer, &object) != nil {
		return 0, fmt.Errorf("writing object %s: %d %s", name, status, answer)
	}
	return strconv.ParseInt(object.Generation, 10, 64)
}

// DeleteObject deletes an object.
func (p *Peer) DeleteObject(ctx context.Context, bucket, name string) error {
	base, err := p.storage.upstream(ctx)
	if err != nil {
		return err
	}
	status, answer, err := p.call(ctx, http.MethodDelete, base+"/storage/v1/b/"+url.PathEscape(bucket)+"/o/"+url.PathEscape(name), "", nil)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("deleting object %s: %d %s", name, status, answer)
	}
	return err
}
