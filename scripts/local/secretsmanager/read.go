package secretsmanager

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

func (s *store) get(_ context.Context, in getInput) (got, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.live(in.SecretId)
	if err != nil {
		return got{}, err
	}
	v, err := sec.choose(in.VersionId, in.VersionStage)
	if err != nil {
		return got{}, err
	}
	v.Accessed, sec.Accessed = day(s.now()), day(s.now())
	return got{
		value: value{SecretString: v.String, SecretBinary: v.Binary},
		ARN:   sec.ARN, Name: sec.Name, VersionId: v.ID, VersionStages: v.Stages, CreatedDate: seconds(v.Created),
	}, nil
}

func (s *secret) choose(id, stage string) (*version, error) {
	const missing = "Secrets Manager can't find the specified secret value for "
	if id != "" {
		v := s.version(id)
		switch {
		case v == nil:
			return nil, fault("ResourceNotFoundException", missing+"VersionId: "+id)
		case stage != "" && !slices.Contains(v.Stages, stage):
			return nil, fault("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")
		}
		return v, nil
	}
	stage = cmp.Or(stage, current)
	if v := s.staged(stage); v != nil {
		return v, nil
	}
	return nil, fault("ResourceNotFoundException", missing+"staging label: "+stage)
}

func (s *store) describe(_ context.Context, in idInput) (described, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.find(in.SecretId)
	if err != nil {
		return described{}, err
	}
	out := sec.describe()
	out.VersionIdsToStages = sec.stages()
	return out, nil
}

func (s *secret) describe() described {
	return described{
		ARN: s.ARN, Name: s.Name, Description: s.Description, KmsKeyId: s.KmsKeyID, Tags: s.Tags,
		CreatedDate: seconds(s.Created), LastChangedDate: seconds(s.Changed), LastAccessedDate: seconds(s.Accessed), DeletedDate: seconds(s.Deleted),
	}
}

func (s *store) versions(_ context.Context, in versionsInput) (listedVersions, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.find(in.SecretId)
	if err != nil {
		return listedVersions{}, err
	}
	out := listedVersions{ARN: sec.ARN, Name: sec.Name}
	var all []listedVersion
	for _, v := range sec.Versions {
		if len(v.Stages) == 0 && !in.IncludeDeprecated {
			continue
		}
		all = append(all, listedVersion{
			VersionId: v.ID, VersionStages: v.Stages, CreatedDate: seconds(v.Created), LastAccessedDate: seconds(v.Accessed),
			KmsKeyIds: []string{cmp.Or(v.KmsKeyID, "DefaultEncryptionKey")},
		})
	}
	out.Versions, out.NextToken, err = page(all, in.NextToken, in.MaxResults)
	return out, err
}

func (s *store) list(_ context.Context, in listInput) (listed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []described{}
	for _, sec := range s.secrets {
		if !sec.Deleted.IsZero() && !in.IncludePlannedDeletion {
			continue
		}
		keep := true
		for _, f := range in.Filters {
			if f.Key != "name" {
				return listed{}, fault("InvalidParameterException", "The laptop stack only knows the filter name.")
			}
			keep = keep && slices.ContainsFunc(f.Values, func(prefix string) bool { return strings.HasPrefix(sec.Name, prefix) })
		}
		if keep {
			d := sec.describe()
			d.SecretVersionsToStages = sec.stages()
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b described) int {
		return cmp.Or(cmp.Compare(*a.CreatedDate, *b.CreatedDate), cmp.Compare(a.Name, b.Name))
	})
	var err error
	out := listed{}
	out.SecretList, out.NextToken, err = page(all, in.NextToken, in.MaxResults)
	return out, err
}

const maxPage = 100

// page cuts a page out of a list; the token is the position where it goes on.
func page[T any](all []T, token string, size int) ([]T, string, error) {
	start := 0
	if token != "" {
		var err error
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > len(all) {
			return nil, "", fault("InvalidNextTokenException", "The NextToken value is invalid.")
		}
	}
	if size <= 0 || size > maxPage {
		size = maxPage
	}
	end := min(start+size, len(all))
	next := ""
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, nil
}
