package secretsmanager

import (
	"context"
	"slices"
)

func (s *store) tag(_ context.Context, in tagInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.live(in.SecretId)
	if err != nil {
		return struct{}{}, err
	}
	for _, t := range in.Tags {
		sec.Tags = append(without(sec.Tags, t.Key), t)
	}
	return struct{}{}, s.save()
}

func (s *store) untag(_ context.Context, in untagInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.live(in.SecretId)
	if err != nil {
		return struct{}{}, err
	}
	sec.Tags = without(sec.Tags, in.TagKeys...)
	return struct{}{}, s.save()
}

func without(tags []tag, keys ...string) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return slices.Contains(keys, t.Key) })
}
