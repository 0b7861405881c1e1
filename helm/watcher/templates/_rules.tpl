{{/* The rules of all roles. What is needed says watcher/adapters/kubernetes/permissions.py; that these are just that is
     tested for every variant. */}}

{{- define "watcher.rules.observe" -}}
# A release is a change of a workload's pod template; these four kinds are watched. ReplicaSets and ControllerRevisions
# hold the template of each revision: which one runs, and what there is to go back to.
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets, controllerrevisions]
  verbs: [list, watch]
# Argo Rollouts. Without its CRD the rule grants nothing and does no harm.
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [list, watch]
# Flagger's Canaries: while Flagger is going back or promoting by itself nothing else is done (guard other_controller).
# Without its CRD the rule grants nothing and does no harm.
- apiGroups: [flagger.app]
  resources: [canaries]
  verbs: [list, watch]
{{- if .Values.rbac.gitops }}
{{ include "watcher.rules.tools" . }}
{{- end }}
{{- if include "watcher.usesFeatureFlags" . | trim }}
# FeatureFlags of the OpenFeature operator: how the flag stands that a release is tied to. `list` finds the object where the
# flag names its namespace only.
- apiGroups: [core.openfeature.dev]
  resources: [featureflags]
  verbs: [get, list]
{{- end }}
# Pods join the series of a metric to a revision, and tell restarts, readiness and why a pod waits. They are followed in
# namespaces where a release is under watch; while one may have to be undone, pods that have not started are asked for.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# ConfigMaps that a release's pod template refers to, one by one by name. Only a hash of the content is kept: it tells
# whether the configuration has changed since the target of a rollback was proven (guard config_moved).
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
{{- end }}

{{- define "watcher.rules.write" -}}
{{- $undoes := include "watcher.undoes" . }}
{{- $aborts := include "watcher.aborts" . }}
{{- if $undoes -}}
# Undo: the workload is read anew, then one JSON patch puts the known good pod template back, with the workload's uid and
# the bad template as preconditions. A second patch hands the changed fields back to whoever applied them.
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [get, patch]
# After an undo a StatefulSet in order waits for ever for a pod of the bad revision that never becomes Ready, and with
# updateStrategy OnDelete pods stay until somebody deletes them. Each delete names the pod's uid, and is preceded by
# reading the pod.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, delete]
{{ end }}
{{- if or $undoes $aborts -}}
{{- if and $undoes $aborts -}}
# Undo of a Rollout that is fully promoted; and the decision's id as an annotation before an abort.
{{- else if $undoes -}}
# Undo of a Rollout that is fully promoted.
{{- else -}}
# A Rollout is read anew, and the decision's id is written as an annotation, before an abort.
{{- end }}
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, patch]
{{ if and $undoes $aborts -}}
# Abort of a Rollout in progress, and skipping its steps on the way back: both are fields of its status.
{{- else if $undoes -}}
# Skipping the steps of a Rollout on the way back: a field of its status.
{{- else -}}
# Abort of a Rollout in progress: a field of its status.
{{- end }}
- apiGroups: [argoproj.io]
  resources: [rollouts/status]
  verbs: [patch]
{{ end }}
{{- if include "watcher.goesThroughGit" . -}}
{{ include "watcher.rules.git" . }}
{{ end }}
{{- if include "watcher.switchesFeatureFlags" . -}}
# Switch such a flag off: one JSON patch of its state, with the object's uid and the flag as it was seen as preconditions.
- apiGroups: [core.openfeature.dev]
  resources: [featureflags]
  verbs: [patch]
{{ end }}
{{- if include "watcher.migratesDown" . -}}
{{ include "watcher.rules.down" . }}
{{ end }}
{{- if include "watcher.events" . -}}
{{ include "watcher.rules.events" . }}
{{ end }}
{{- end }}

{{- define "watcher.rules.down" -}}
# The workload is read anew right before the Job of a down migration is made for it.
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [get]
# The same for a Rollout.
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get]
# Make that Job, once for each decision and note, and see what became of it.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, create]
# The CronJob that a reviewed migration note names: the Job is made of its template.
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get]
# The last lines of the Job's log are kept in the decision.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end }}

{{- define "watcher.rules.events" -}}
# Events on the workload, so that `kubectl describe` tells what was decided and done; and on the daemon's own Namespace
# when the thresholds file is refused.
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}

{{- define "watcher.rules.tools" -}}
# What keeps a workload as Git says, and from which repository and commit: Argo CD. Without its CRD the rule grants
# nothing and does no harm.
- apiGroups: [argoproj.io]
  resources: [applications]
  verbs: [get, list, watch]
# The same of Flux.
- apiGroups: [kustomize.toolkit.fluxcd.io]
  resources: [kustomizations]
  verbs: [get, list, watch]
# The same of Flux, for Helm.
- apiGroups: [helm.toolkit.fluxcd.io]
  resources: [helmreleases]
  verbs: [get, list, watch]
# Where Flux fetches from, and which commit it has.
- apiGroups: [source.toolkit.fluxcd.io]
  resources: [gitrepositories]
  verbs: [get, list, watch]
{{- end }}

{{- define "watcher.rules.git" -}}
# Have Argo CD look at Git now (an annotation), sync to a commit where automation is off, or follow a good commit instead of
# its branch while a pull request waits.
- apiGroups: [argoproj.io]
  resources: [applications]
  verbs: [patch]
# Have Flux apply what it has fetched now: an annotation.
- apiGroups: [kustomize.toolkit.fluxcd.io]
  resources: [kustomizations]
  verbs: [patch]
# The same for Helm.
- apiGroups: [helm.toolkit.fluxcd.io]
  resources: [helmreleases]
  verbs: [patch]
# Have Flux fetch now: an annotation.
- apiGroups: [source.toolkit.fluxcd.io]
  resources: [gitrepositories]
  verbs: [patch]
{{- end }}
