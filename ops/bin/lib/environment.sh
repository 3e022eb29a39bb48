# shellcheck shell=bash
#
# To be sourced. Sets LEASEHOLD_HOME (the root of the source tree) and offers
#   find_jdk         look for a JDK 25; exports LEASEHOLD_JAVA_HOME, fails if there is none
#   require_jdk      the same, but ends the script with advice if there is none
#   maven ARG...     Maven on that JDK, in LEASEHOLD_HOME
#   build_if_stale   build the jars if a source file changed since the last build
#   jvm_flags        prints the JVM flags that our programs need (property jvm.flags of pom.xml)

# Without symbolic links: a program that runs stays with the build that it was started from when
# /opt/leasehold becomes a link to another one.
LEASEHOLD_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
export LEASEHOLD_HOME
LEASEHOLD_JAVA_RELEASE=25

say() {
  printf '[%s] %s\n' "$(basename "$0")" "$*"
}

die() {
  printf '[%s] error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Prints the version of the JDK in directory $1; fails if there is no JDK.
jdk_version() {
  [[ -x $1/bin/javac && -r $1/release ]] || return 1
  sed -n 's/^JAVA_VERSION="\([^"]*\)".*/\1/p' "$1/release"
}

is_our_jdk() {
  local version
  version=$(jdk_version "$1") || return 1
  [[ ${version%%[.+-]*} == "$LEASEHOLD_JAVA_RELEASE" ]]
}

# The places where a JDK may be, one a line, best first. A pattern that matches nothing stays as it
# is and is no JDK.
jdk_candidates() {
  local home=${HOME:-/root}
  printf '%s\n' "${LEASEHOLD_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/* /opt/*/* \
    /usr/local/* "$home"/.sdkman/candidates/java/* "$home"/.jdks/*
  if [[ -r $home/.m2/toolchains.xml ]]; then
    sed -n 's:.*<jdkHome>\(.*\)</jdkHome>.*:\1:p' "$home/.m2/toolchains.xml"
  fi
  local javac
  if javac=$(command -v javac); then
    dirname "$(dirname "$(readlink -f "$javac")")"
  fi
}

find_jdk() {
  local candidate
  while read -r candidate; do
    if [[ -n $candidate ]] && is_our_jdk "$candidate"; then
      export LEASEHOLD_JAVA_HOME=$candidate
      return 0
    fi
  done < <(jdk_candidates)
  return 1
}

die_without_jdk() {
  die "no JDK $LEASEHOLD_JAVA_RELEASE found in JAVA_HOME, /usr/lib/jvm, /opt, \$HOME/.sdkman or" \
    "\$HOME/.m2/toolchains.xml. Get one from https://adoptium.net (package" \
    "temurin-$LEASEHOLD_JAVA_RELEASE-jdk) or unpack one below /opt, then run this again."
}

require_jdk() {
  find_jdk || die_without_jdk
}

# Maven's own libraries use what JDK 25 warns about; the warnings are not ours to fix.
maven() {
  (
    cd "$LEASEHOLD_HOME" || exit 1
    JAVA_HOME=$LEASEHOLD_JAVA_HOME \
      MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}" \
      exec mvn -B "$@" </dev/null
  )
}

jvm_flags() {
  sed -n 's:.*<jvm.flags>\(.*\)</jvm.flags>.*:\1:p' "$LEASEHOLD_HOME/pom.xml"
}

LEASEHOLD_BUILD_STAMP=$LEASEHOLD_HOME/ops/target/.built

# True if a source file or pom is newer than the last build, or if there was none.
is_build_stale() {
  [[ -e $LEASEHOLD_BUILD_STAMP ]] || return 0
  local module
  for module in "$LEASEHOLD_HOME"/*/pom.xml; do
    # Somebody ran `mvn clean` in one module only.
    compgen -G "${module%/pom.xml}/target/*.jar" >/dev/null || return 0
  done
  # Directories count too: a deleted file changes the time of its directory.
  [[ -n $(find "$LEASEHOLD_HOME/pom.xml" "$LEASEHOLD_HOME"/*/pom.xml "$LEASEHOLD_HOME"/*/src \
    -newer "$LEASEHOLD_BUILD_STAMP" -print -quit) ]]
}

# The lock is in the source tree, but outside of target/, which `mvn clean` removes. Only the build
# holds it: the descriptor is closed for everything that the caller starts later.
build_if_stale() {
  require_jdk
  is_build_stale || return 0
  local lock
  exec {lock}<"$LEASEHOLD_HOME/pom.xml"
  if ! flock --nonblock "$lock"; then
    say "waiting for another build to finish"
    flock "$lock"
  fi
  if is_build_stale; then
    say "building (a source file is newer than the last build)"
    local started
    started=$(mktemp)
    # Tests are compiled too (but not run): the lab's fixtures come from test jars.
    if ! maven -q -DskipTests package {lock}<&-; then
      rm -f "$started"
      die "the build failed (see above)"
    fi
    # shellcheck source=launch.sh
    source "$LEASEHOLD_HOME/ops/bin/lib/launch.sh"
    prepare_launch
    # The stamp carries the time at which the build began: a file saved meanwhile is newer.
    mv "$started" "$LEASEHOLD_BUILD_STAMP"
    say "built"
  fi
  exec {lock}<&-
}
