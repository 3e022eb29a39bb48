# shellcheck shell=bash
#
# To be sourced by programs that must start quickly, with $bin set to ops/bin. Sets
#   launch       the directory of the argument files that lib/launch.sh wrote
#   java_home    the JDK
# and builds first if there is nothing to start. Otherwise no process is started here.

launch=$bin/../target/launch
java_home=
[[ -r $launch/java-home ]] && read -r java_home <"$launch/java-home"
if [[ ! -x $java_home/bin/java ]]; then
  # shellcheck source=environment.sh
  source "$bin/lib/environment.sh"
  build_if_stale >&2
  if [[ ! -r $launch/java-home ]]; then
    # shellcheck source=launch.sh
    source "$bin/lib/launch.sh"
    prepare_launch >&2
  fi
  read -r java_home <"$launch/java-home"
fi
