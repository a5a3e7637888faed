package secretsmanager

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/awsjson"
)

func (s *store) create(_ context.Context, in createInput) (written, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(checkName(in.Name), checkToken(in.ClientRequestToken), in.check()); err != nil {
		return written{}, first(err)
	}
	if old, err := s.find(in.Name); err == nil {
		return s.createAgain(old, in)
	}
	sec := &secret{
		ARN: s.newARN(in.Name), Name: in.Name, Description: in.Description, KmsKeyID: in.KmsKeyId, Tags: in.Tags,
		Created: s.now(), Changed: s.now(),
	}
	out := written{ARN: sec.ARN, Name: sec.Name}
	if !in.empty() {
		if _, err := s.newVersion(sec, in.ClientRequestToken, in.value, []string{current}); err != nil {
			return written{}, err
		}
		out.VersionId = in.ClientRequestToken
	}
	s.secrets[sec.Name] = sec
	return out, s.save()
}

// createAgain answers for a name that is taken: the same request made twice succeeds twice.
func (s *store) createAgain(old *secret, in createInput) (written, error) {
	if !old.Deleted.IsZero() {
		return written{}, fault("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	v := old.version(in.ClientRequestToken)
	if v == nil || !v.sameValue(&version{String: in.SecretString, Binary: in.SecretBinary}) {
		return written{}, fault("ResourceExistsException", "The operation failed because the secret "+in.Name+" already exists.")
	}
	return written{ARN: old.ARN, Name: old.Name, VersionId: v.ID}, nil
}

func (s *store) put(_ context.Context, in putInput) (written, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.live(in.SecretId)
	if err := errors.Join(err, checkToken(in.ClientRequestToken), in.check()); err != nil {
		return written{}, first(err)
	}
	if in.empty() {
		return written{}, fault("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	}
	if in.VersionStages == nil {
		in.VersionStages = []string{current}
	}
	v, err := s.newVersion(sec, in.ClientRequestToken, in.value, in.VersionStages)
	if err != nil {
		return written{}, err
	}
	return written{ARN: sec.ARN, Name: sec.Name, VersionId: v.ID, VersionStages: v.Stages}, s.save()
}

func (s *store) update(_ context.Context, in updateInput) (written, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.live(in.SecretId)
	if err := errors.Join(err, checkToken(in.ClientRequestToken), in.check()); err != nil {
		return written{}, first(err)
	}
	out := written{ARN: sec.ARN, Name: sec.Name}
	if !in.empty() {
		v, err := s.newVersion(sec, in.ClientRequestToken, in.value, []string{current})
		if err != nil {
			return written{}, err
		}
		out.VersionId = v.ID
	}
	if in.Description != nil {
		sec.Description = *in.Description
	}
	if in.KmsKeyId != "" {
		sec.KmsKeyID = in.KmsKeyId
	}
	sec.Changed = s.now()
	return out, s.save()
}

func (s *store) updateStage(_ context.Context, in stageInput) (written, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.live(in.SecretId)
	if err != nil {
		return written{}, err
	}
	holder := sec.staged(in.VersionStage)
	if holder != nil && holder.ID != in.RemoveFromVersionId && holder.ID != in.MoveToVersionId {
		return written{}, fault("InvalidParameterException", "The parameter RemoveFromVersionId can't be empty. Staging label "+in.VersionStage+
			" is currently attached to version "+holder.ID+", so you must explicitly reference that version in RemoveFromVersionId.")
	}
	if in.RemoveFromVersionId != "" && (holder == nil || holder.ID != in.RemoveFromVersionId) {
		return written{}, fault("InvalidParameterException", "Staging label "+in.VersionStage+" is not attached to version "+in.RemoveFromVersionId+".")
	}
	if in.MoveToVersionId == "" {
		if in.VersionStage == current {
			return written{}, fault("InvalidParameterException", "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
		}
		if holder != nil {
			holder.drop(in.VersionStage)
		}
		return written{ARN: sec.ARN, Name: sec.Name}, s.save()
	}
	to := sec.version(in.MoveToVersionId)
	if to == nil {
		return written{}, fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: "+in.MoveToVersionId)
	}
	sec.move(in.VersionStage, to)
	sec.Changed = s.now()
	return written{ARN: sec.ARN, Name: sec.Name}, s.save()
}

const (
	defaultWindow = 30 // days
	minWindow     = 7
)

func (s *store) delete(_ context.Context, in deleteInput) (deleted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	window := defaultWindow
	if in.RecoveryWindowInDays != nil {
		window = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return deleted{}, fault("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
		}
		if window < minWindow || window > defaultWindow {
			return deleted{}, fault("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
		}
	}
	find := s.live
	if in.ForceDeleteWithoutRecovery {
		find = s.find
	}
	sec, err := find(in.SecretId)
	var f *awsjson.Fault
	if in.ForceDeleteWithoutRecovery && errors.As(err, &f) && f.Code == "ResourceNotFoundException" {
		name := strings.TrimPrefix(in.SecretId, s.prefix)
		return deleted{ARN: s.newARN(name), Name: name, DeletionDate: seconds(s.now())}, nil // what is gone is gone
	}
	if err != nil {
		return deleted{}, err
	}
	sec.Deleted = s.now()
	sec.DeletionDate = sec.Deleted.Add(time.Duration(window) * 24 * time.Hour)
	if in.ForceDeleteWithoutRecovery {
		sec.DeletionDate = sec.Deleted
		delete(s.secrets, sec.Name)
	}
	return deleted{ARN: sec.ARN, Name: sec.Name, DeletionDate: seconds(sec.DeletionDate)}, s.save()
}

func (s *store) restore(_ context.Context, in idInput) (written, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, err := s.find(in.SecretId)
	if err != nil {
		return written{}, err
	}
	sec.Deleted, sec.DeletionDate = time.Time{}, time.Time{}
	return written{ARN: sec.ARN, Name: sec.Name}, s.save()
}

// first is the first of joined errors: the one that AWS would have answered with.
func first(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0]
	}
	return err
}
