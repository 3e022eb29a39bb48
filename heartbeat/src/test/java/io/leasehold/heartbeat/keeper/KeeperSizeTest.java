package io.leasehold.heartbeat.keeper;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What keeps the keeper small: it loads no logging framework, and nothing that would. */
@AnalyzeClasses(
        packages = {
            "io.leasehold.heartbeat.keeper",
            "io.leasehold.heartbeat.link",
            "io.leasehold.heartbeat.linux",
            "io.leasehold.heartbeat.wire"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class KeeperSizeTest {
    private static final String CLIENT = "io.leasehold.heartbeat.keeper.KeeperClient";

    @ArchTest
    static final ArchRule onlyTheDaemonsSideLogs =
            noClasses()
                    .that()
                    .haveNameNotMatching(CLIENT + ".*")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.slf4j..")
                    .orShould()
                    .dependOnClassesThat()
                    .haveNameMatching(CLIENT + ".*");
}
